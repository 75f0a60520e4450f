package completeness

import (
	"cmp"
	"context"
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
		for r, err := range parquetfile.Rows(ctx, s, parquetfile.Reconciliations, f.Name, nil, nil) {
			if err != nil {
				return nil, err
			}
			if k := keyOf(r); newest[k].ObservedAt <= r.ObservedAt {
				newest[k] = *r
			}
		}
	}
	list := make([]record.Reconciliation, 0, len(newest))
	for _, r := range newest {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b record.Reconciliation) int { return keyOf(&a).compare(keyOf(&b)) })
	return list, nil
}
