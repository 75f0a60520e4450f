package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/provtrail/provtrail/provisioning/record"
)

// summary counts activities by source, operation and status.
type summary struct{ counts map[[3]string]int64 }

func newSummary() *summary { return &summary{counts: map[[3]string]int64{}} }

func (s *summary) add(r *record.Record) {
	s.counts[[3]string{cmp.Or(r.SourceName, r.SourceID), string(r.Operation), r.Status.String()}]++
}

func (s *summary) rows() (rows [][]string) {
	order := func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }
	for _, k := range slices.SortedFunc(maps.Keys(s.counts), order) {
		rows = append(rows, []string{k[0], k[1], k[2], strconv.FormatInt(s.counts[k], 10)})
	}
	return rows
}
