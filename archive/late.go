package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning"
)

// dropSealed leaves out the rows of sealed hours that were sealed with theirs, or
// with a later hour into which they came late: a batch that is delivered again. What is
// told anew, with a higher version, is no such row.
// late is how many rows of sealed hours are left.
func dropSealed[T any](ctx context.Context, a *Archive, t *table[T], rows []*T, dir func(*T) string) (kept []*T, late int, err error) {
	open := map[partition][]*T{} // by the hour they were observed in
	kept = make([]*T, 0, len(rows))
	for _, row := range rows {
		h := hourOf(t.observed(row))
		if h <= 0 || h > a.floor {
			kept = append(kept, row)
			continue
		}
		p := partition{dir(row), h}
		open[p] = append(open[p], row)
	}
	for p, rows := range open {
		for ; p.hour <= a.floor && len(rows) > 0; p.hour++ {
			if rows, err = dropFound(ctx, a, t, p, rows); err != nil {
				return nil, 0, err
			}
		}
		kept, late = append(kept, rows...), late+len(rows)
	}
	return kept, late, nil
}

func dropFound[T any](ctx context.Context, a *Archive, t *table[T], p partition, rows []*T) ([]*T, error) {
	list, err := a.store.names(ctx, p.path())
	if err != nil {
		return nil, err
	}
	for _, file := range list {
		if !strings.HasSuffix(file, extension) {
			continue
		}
		holds, known := a.holdings.of(p, file)
		if known && !slices.ContainsFunc(rows, func(row *T) bool { return holds.mayHold(t.id(row)) }) {
			continue
		}
		stored, all, err := t.stored(ctx, a.store, path.Join(p.path(), file), rows)
		if err != nil {
			continue // a damaged file: twice is better than never
		}
		if all != nil {
			a.holdings.note(p, file, all)
		}
		left := make([]*T, 0, len(rows))
		for _, row := range rows {
			if version, found := stored[t.id(row)]; !found || version < t.version(row) {
				left = append(left, row)
			}
		}
		rows = left
	}
	return rows, nil
}

// smallFile has few enough rows for all its ids to be read once and kept.
const smallFile = 64 << 10

// stored returns those of the rows that the file holds, with their versions, and the ids
// of all its rows if it is small. Of a large one it reads the row groups that the rows'
// times and the bloom filters point to.
func (t *table[T]) stored(ctx context.Context, s store, name string, rows []*T) (_ map[provisioning.ID]uint64, all holding, err error) {
	f, err := s.open(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	defer recovered(&err)
	file, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, nil, err
	}
	id, ok := file.Schema().Lookup("event_id")
	if !ok {
		return nil, nil, errors.New("has no column event_id")
	}
	at, _ := file.Schema().Lookup(t.sorting()[0].Path()...)
	version, versioned := file.Schema().Lookup("version")
	stored := map[provisioning.ID]uint64{}
	small := file.NumRows() <= smallFile
	if small {
		all = holding{}
	}
	for _, g := range file.RowGroups() {
		chunks := g.ColumnChunks()
		wanted := map[provisioning.ID]bool{}
		for _, row := range rows {
			if within(chunks[at.ColumnIndex], micros(t.at(row))) && maybe(chunks[id.ColumnIndex].BloomFilter(), t.id(row)) {
				wanted[t.id(row)] = true
			}
		}
		if len(wanted) == 0 && !small {
			continue
		}
		found := map[int]provisioning.ID{} // by row
		err := eachValue(chunks[id.ColumnIndex], func(n int, v parquet.Value) error {
			var id provisioning.ID
			if _, err := hex.Decode(id[:], v.ByteArray()); err != nil {
				return err
			}
			if small {
				all = append(all, short(id))
			}
			if wanted[id] {
				found[n] = id
				if _, known := stored[id]; !known {
					stored[id] = 0
				}
			}
			return nil
		})
		if err == nil && versioned && len(found) > 0 {
			err = eachValue(chunks[version.ColumnIndex], func(n int, v parquet.Value) error {
				if id, ok := found[n]; ok {
					stored[id] = max(stored[id], v.Uint64())
				}
				return nil
			})
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return stored, all, nil
}

// within says whether a time may be among those of a row group.
func within(chunk parquet.ColumnChunk, at int64) bool {
	c, ok := chunk.(*parquet.FileColumnChunk)
	if !ok {
		return true
	}
	low, high, ok := c.Bounds()
	return !ok || low.Int64() <= at && at <= high.Int64()
}

func maybe(filter parquet.BloomFilter, id provisioning.ID) bool {
	if filter == nil {
		return true
	}
	found, err := filter.Check(parquet.ByteArrayValue(appendID(nil, &id)))
	return err != nil || found
}

// eachValue calls f with the values of a column of one row group, which are f's for the
// time of the call.
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
