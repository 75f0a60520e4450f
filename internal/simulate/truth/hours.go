package truth

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"
)

// HoursFile is a file of the truth folder: how many distinct documents each feed has in each
// hour, by the time at which the vendor made them. Of the rows of an hour the last holds.
const HoursFile = "hours.ndjson"

// Hour is a row of it.
type Hour struct {
	Feed      string    `json:"feed"` // rest, search or events: a trigger has no such time
	Start     time.Time `json:"hour"`
	Documents int       `json:"documents"`
}

// Hours counts documents and writes the file.
type Hours struct {
	out     *lines
	counts  map[hourKey]int
	changed map[hourKey]bool
}

type hourKey struct {
	feed string
	hour int64 // its begin, milliseconds since 1970
}

const hourMS = int64(time.Hour / time.Millisecond)

// NewHours opens the file in a folder that exists, and goes on with what it has.
func NewHours(dir string) (*Hours, error) {
	h := &Hours{counts: map[hourKey]int{}, changed: map[hourKey]bool{}}
	var err error
	if h.out, err = openLines(filepath.Join(dir, HoursFile)); err != nil {
		return nil, err
	}
	return h, readLines(filepath.Join(dir, HoursFile), func(row Hour) {
		h.counts[hourKey{row.Feed, row.Start.UnixMilli()}] = row.Documents
	})
}

// Add counts a document that the vendor made at a time, in milliseconds since 1970.
func (h *Hours) Add(feed string, created int64) {
	key := hourKey{feed, created - created%hourMS}
	h.counts[key]++
	h.changed[key] = true
}

// Flush hands the rows that changed to the file.
func (h *Hours) Flush() error {
	rows := make([]Hour, 0, len(h.changed))
	for key := range h.changed {
		rows = append(rows, Hour{key.feed, time.UnixMilli(key.hour).UTC(), h.counts[key]})
	}
	slices.SortFunc(rows, func(a, b Hour) int {
		return cmp.Or(a.Start.Compare(b.Start), slices.Index(feedOrder, a.Feed)-slices.Index(feedOrder, b.Feed))
	})
	for i := range rows {
		if err := h.out.json.Encode(&rows[i]); err != nil {
			return err
		}
	}
	clear(h.changed)
	return h.out.buf.Flush()
}

var feedOrder = []string{"rest", "search", "events"}

// Close closes the file.
func (h *Hours) Close() error { return h.out.file.Close() }
