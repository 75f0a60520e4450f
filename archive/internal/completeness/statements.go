package completeness

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning/record"
)

// key is what a statement is about.
type key struct {
	tenant, feed string
	hour         layout.Hour
}

func keyOf(s *record.Reconciliation) key {
	return key{s.Tenant, string(s.Feed), layout.HourAt(s.Hour)}
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.tenant, other.tenant), cmp.Compare(k.feed, other.feed), cmp.Compare(k.hour, other.hour))
}

// Newest returns of each tenant, feed and hour the newest statement in files, in this order.
func Newest(ctx context.Context, s blobstore.Store, files []layout.DataFile) ([]record.Reconciliation, error) {
	newest := map[key]record.Reconciliation{}
	for _, f := range files {
		if !f.Reconciliations() {
			continue
		}
		err := each(ctx, s, parquetfile.Reconciliations, f.Name, nil, func(r *record.Reconciliation) error {
			if k := keyOf(r); newest[k].ObservedAt <= r.ObservedAt {
				newest[k] = *r
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	list := make([]record.Reconciliation, 0, len(newest))
	for _, r := range newest {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b record.Reconciliation) int { return keyOf(&a).compare(keyOf(&b)) })
	return list, nil
}

// each calls f with every row of a file, of which only the named columns are set; no name
// means all. The row is valid during the call.
func each[T any](ctx context.Context, s blobstore.Store, t *parquetfile.Table[T], name string, columns []string, f func(*T) error) (err error) {
	content, err := s.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	reader, err := parquetfile.NewReader(t, name, content, columns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	rows := make([]T, 512)
	for {
		n, err := reader.Read(rows)
		for i := range rows[:n] {
			if err := f(&rows[i]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
	}
}
