package reconcile

import (
	"strconv"
	"time"
)

// Hour is an hour of the vendor's clock, counted from 1970 in UTC.
type Hour int64

// HourOf is the hour that a time is in.
func HourOf(t time.Time) Hour {
	seconds := t.Unix()
	h := seconds / 3600
	if seconds%3600 < 0 {
		h--
	}
	return Hour(h)
}

// Start is the hour's first moment.
func (h Hour) Start() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// End is the first moment after the hour.
func (h Hour) End() time.Time { return (h + 1).Start() }

// key is the hour's part of a key in the storage.
func (h Hour) key() string { return strconv.FormatInt(int64(h), 10) }
