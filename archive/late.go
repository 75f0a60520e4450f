package archive

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning"
)

// dropSealed leaves out the rows of sealed hours that were sealed with theirs, or
// with a later hour into which they came late: a batch that is delivered again. What is
// told anew, with a higher version, is no such row.
// late is how many rows of sealed hours are left. Bloom filters make a miss cheap.
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
		stored, err := t.stored(ctx, a.store, path.Join(p.path(), file), rows)
		if err != nil {
			continue // a damaged file: twice is better than never
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

// stored returns at least those ids of the rows that the file holds, with their versions.
func (t *table[T]) stored(ctx context.Context, s store, name string, rows []*T) (_ map[provisioning.ID]uint64, err error) {
	f, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	maybe, err := t.mayHold(f, rows)
	if err != nil || !maybe {
		return nil, err
	}
	columns := []string{"event_id"}
	if t.column("version") != nil {
		columns = append(columns, "version", "record")
	}
	r, err := newReader(t, name, f, columns)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	ids := map[provisioning.ID]uint64{}
	batch := make([]T, batchRows)
	for {
		n, err := r.Read(batch)
		for i := range batch[:n] {
			id := t.id(&batch[i])
			ids[id] = max(ids[id], t.version(&batch[i]))
		}
		if err != nil {
			return ids, ignoreEnd(err)
		}
	}
}

// mayHold asks the bloom filters whether any of the rows is in the file.
func (t *table[T]) mayHold(f content, rows []*T) (_ bool, err error) {
	defer recovered(&err)
	file, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true))
	if err != nil {
		return false, err
	}
	leaf, ok := file.Schema().Lookup("event_id")
	if !ok {
		return false, errors.New("has no column event_id")
	}
	for _, g := range file.RowGroups() {
		filter := g.ColumnChunks()[leaf.ColumnIndex].BloomFilter()
		for _, row := range rows {
			if filter == nil {
				return true, nil
			}
			id := t.id(row)
			if found, err := filter.Check(parquet.ByteArrayValue(appendID(nil, &id))); err != nil || found {
				return found, err
			}
		}
	}
	return false, nil
}
