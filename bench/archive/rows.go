package main

import (
	"iter"
	"strconv"

	"github.com/provtrail/provtrail/provisioning/record"
)

// rows are the records of a simulated tenant.
type rows []*record.Record

// batchSize is about what the exporter writes at once in a flood.
const batchSize = 10_000

// batches yields the rows as those of other groups, so that they can be written
// again and again.
func (s rows) batches(turn int) iter.Seq[[]*record.Record] {
	return func(yield func([]*record.Record) bool) {
		documents := map[string]string{} // of this turn: each turn has its own
		for start := 0; start < len(s); start += batchSize {
			part := s[start:min(start+batchSize, len(s))]
			batch := make([]*record.Record, len(part))
			for i, r := range part {
				again := *r
				again.GroupID += "-" + strconv.Itoa(turn)
				again.EventID[0] ^= byte(turn)
				again.ActivityID[0] ^= byte(turn)
				if again.Original != "" {
					if documents[r.Original] == "" {
						documents[r.Original] = `{"turn":` + strconv.Itoa(turn) + "," + r.Original[1:]
					}
					again.Original = documents[r.Original]
				}
				batch[i] = &again
			}
			if !yield(batch) {
				return
			}
		}
	}
}
