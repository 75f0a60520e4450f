package parquetfile

import (
	"encoding/hex"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/provisioning"
)

// SmallFile is how many rows a file may have of which Find returns all ids.
const SmallFile = 64 << 10

// Find returns the versions of those keys that the file holds, and the ids of all its
// rows if it is small. Of a large file it reads the row groups that the times and the
// bloom filters point to.
func (t *Table[T]) Find(f blobstore.Content, keys []Key) (_ map[provisioning.ID]uint64, all []provisioning.ID, err error) {
	defer recovered(&err)
	file, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, nil, err
	}
	id, ok := file.Schema().Lookup("event_id")
	if !ok {
		return nil, nil, errors.New("has no column event_id")
	}
	at, _ := file.Schema().Lookup(t.timeColumn)
	version, versioned := file.Schema().Lookup("version")
	found := map[provisioning.ID]uint64{}
	small := file.NumRows() <= SmallFile
	if small {
		all = make([]provisioning.ID, 0, file.NumRows())
	}
	for _, g := range file.RowGroups() {
		chunks := g.ColumnChunks()
		wanted := map[provisioning.ID]bool{}
		for i := range keys {
			if within(chunks[at.ColumnIndex], micros(keys[i].At)) && mayContain(chunks[id.ColumnIndex].BloomFilter(), keys[i].ID) {
				wanted[keys[i].ID] = true
			}
		}
		if len(wanted) == 0 && !small {
			continue
		}
		rows := map[int]provisioning.ID{}
		err := eachValue(chunks[id.ColumnIndex], func(n int, v parquet.Value) error {
			var id provisioning.ID
			if _, err := hex.Decode(id[:], v.ByteArray()); err != nil {
				return err
			}
			if small {
				all = append(all, id)
			}
			if wanted[id] {
				rows[n] = id
				if _, known := found[id]; !known {
					found[id] = 0
				}
			}
			return nil
		})
		if err == nil && versioned && len(rows) > 0 {
			err = eachValue(chunks[version.ColumnIndex], func(n int, v parquet.Value) error {
				if id, ok := rows[n]; ok {
					found[id] = max(found[id], v.Uint64())
				}
				return nil
			})
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return found, all, nil
}

// within reports whether a time may be among those of a row group.
func within(chunk parquet.ColumnChunk, at int64) bool {
	c, ok := chunk.(*parquet.FileColumnChunk)
	if !ok {
		return true
	}
	low, high, ok := c.Bounds()
	return !ok || low.Int64() <= at && at <= high.Int64()
}

func mayContain(filter parquet.BloomFilter, id provisioning.ID) bool {
	if filter == nil {
		return true
	}
	found, err := filter.Check(idValue(&id, new([]byte)))
	return err != nil || found
}

// eachValue calls f with the values of a column of one row group. A value is valid during
// the call.
func eachValue(chunk parquet.ColumnChunk, f func(row int, v parquet.Value) error) (err error) {
	pages := chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	var values [512]parquet.Value
	row := 0
	for {
		page, err := pages.ReadPage()
		if err != nil {
			return ignoreEnd(err)
		}
		for from := page.Values(); ; {
			n, err := from.ReadValues(values[:])
			for _, v := range values[:n] {
				if err := f(row, v); err != nil {
					return err
				}
				row++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}
