package idindex

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning"
)

// DropStored leaves out the rows of sealed hours that were sealed with their hour, or
// with a later one into which they came late. A row with a higher version than the
// stored one is kept. late is how many rows of sealed hours are kept.
func DropStored[T any](ctx context.Context, x *Index, s blobstore.Store, t *parquetfile.Table[T], lastSealed layout.Hour, refs []parquetfile.Ref) (kept []parquetfile.Ref, late int, err error) {
	byHour := map[layout.Partition][]parquetfile.Ref{} // rows of sealed hours, by the hour of their receipt
	kept = make([]parquetfile.Ref, 0, len(refs))
	for i := range refs {
		h := layout.HourAt(refs[i].Observed)
		if h <= 0 || h > lastSealed {
			kept = append(kept, refs[i])
			continue
		}
		p := layout.Partition{Dir: refs[i].Dir, Hour: h}
		byHour[p] = append(byHour[p], refs[i])
	}
	for p, rows := range byHour {
		for ; p.Hour <= lastSealed && len(rows) > 0; p.Hour++ {
			if rows, err = dropFound(ctx, x, s, t, p, rows); err != nil {
				return nil, 0, err
			}
		}
		kept, late = append(kept, rows...), late+len(rows)
	}
	return kept, late, nil
}

// dropFound leaves out the rows that files of a partition hold.
func dropFound[T any](ctx context.Context, x *Index, s blobstore.Store, t *parquetfile.Table[T], p layout.Partition, rows []parquetfile.Ref) ([]parquetfile.Ref, error) {
	files, err := s.Names(ctx, p.Path())
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !strings.HasSuffix(file, layout.Extension) {
			continue
		}
		indexed, known := x.of(p, file)
		if known && !slices.ContainsFunc(rows, func(r parquetfile.Ref) bool { return indexed.mayContain(&r.ID) }) {
			continue
		}
		stored, all, err := find(ctx, s, t, path.Join(p.Path(), file), rows)
		if err != nil {
			continue // a damaged file: storing a row twice is better than losing it
		}
		if all != nil {
			x.Add(p, file, func(yield func(*provisioning.ID) bool) {
				for i := range all {
					if !yield(&all[i]) {
						return
					}
				}
			})
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(r parquetfile.Ref) bool {
			version, found := stored[r.ID]
			return found && version >= r.Version
		})
	}
	return rows, nil
}

func find[T any](ctx context.Context, s blobstore.Store, t *parquetfile.Table[T], name string, rows []parquetfile.Ref) (_ map[provisioning.ID]uint64, all []provisioning.ID, err error) {
	f, err := s.Open(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	keys := make([]parquetfile.Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].Key
	}
	return t.Find(f, keys)
}
