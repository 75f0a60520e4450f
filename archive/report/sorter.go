package report

import (
	"encoding/binary"

	"github.com/provtrail/provtrail/internal/extsort"
	"github.com/provtrail/provtrail/provisioning/record"
)

// placeColumns are the columns of which a place is made.
var placeColumns = []string{"occurred_at", "timed", "observed_at", "state_seq", "event_id"}

// placeSize is the length of a place.
const placeSize = 8 + 8 + 16

// appendPlace appends where a row stands in a sheet: rows are in the order of their time, and
// those of one time in the order of their activity's history.
func appendPlace(to []byte, r *record.Record) []byte {
	to = binary.BigEndian.AppendUint64(to, uint64(r.At()))
	to = binary.BigEndian.AppendUint64(to, uint64(r.StateSeq))
	return append(to, r.EventID[:]...)
}

// memoryOfSorter is how many bytes of rows are in memory before they go to a temporary
// file. Tests lower it.
var memoryOfSorter = 16 << 20

// eachRow calls f with every row, which follows its place, in order. f must not keep the row.
func eachRow(rows *extsort.Sorter, f func(row []byte) error) error {
	for entry, err := range rows.All() {
		if err != nil {
			return err
		}
		if err := f(entry[placeSize:]); err != nil {
			return err
		}
	}
	return nil
}
