package report

import (
	"cmp"
	"encoding/csv"
	"io"
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

func (s *summary) write(to io.Writer) (rows int64, err error) {
	w := csv.NewWriter(to)
	if err := w.Write([]string{"source_name", "operation", "status", "activities"}); err != nil {
		return 0, err
	}
	order := func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }
	for _, k := range slices.SortedFunc(maps.Keys(s.counts), order) {
		if err := w.Write([]string{harmless(k[0]), harmless(k[1]), k[2], strconv.FormatInt(s.counts[k], 10)}); err != nil {
			return rows, err
		}
		rows++
	}
	w.Flush()
	return rows, w.Error()
}
