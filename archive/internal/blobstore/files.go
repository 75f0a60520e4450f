package blobstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// DataFiles lists the data files of a store, sorted by hour and name.
func DataFiles(ctx context.Context, s Store) (list []layout.DataFile, err error) {
	for f, err := range s.Walk(ctx, "") {
		if err != nil {
			return nil, err
		}
		if data, ok := layout.ParseData(f.Name); ok && !f.Irregular {
			data.Size, data.Modified = f.Size, f.Modified
			list = append(list, data)
		}
	}
	slices.SortFunc(list, func(a, b layout.DataFile) int {
		return cmp.Or(cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}
