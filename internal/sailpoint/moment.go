package sailpoint

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning/record"
)

// moment reads the vendor's time in any form that its services, its SDKs and the tools
// around them write; absent and null are zero. A time that cannot be read costs nothing
// but itself: the field is noted in Result.Unreadable.
func (r *reader) moment(field string, v raw) pcommon.Timestamp {
	at, err := parseTime(text(v))
	if err != nil {
		r.to.Unreadable = append(r.to.Unreadable, Unreadable{Field: field, Value: cut(text(v), 40), Problem: err.Error()})
	}
	return at
}

// named is a time and the field that holds it.
type named struct {
	field string
	value raw
}

// firstMoment is the first of the times that can be read.
func (r *reader) firstMoment(times ...named) pcommon.Timestamp {
	for _, t := range times {
		if at := r.moment(t.field, t.value); at != 0 {
			return at
		}
	}
	return 0
}

// layouts are tried in turn. Fractions of any length need none of their own: Parse
// accepts one behind the seconds. A time without a zone is in UTC.
var layouts = []string{
	time.RFC3339, // nearly all
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", // the vendor's Go SDK accepts times without seconds
	"2006-01-02T15:04Z0700",
	"2006-01-02T15:04Z07",
	"2006-01-02T15:04",
	"2006-01-02",
	time.RFC1123,
	time.RFC1123Z,
}

var (
	errNoTime   = errors.New("is no time such as 2026-01-31T23:59:59.000Z")
	errFarTime  = errors.New("is not between 1970 and 2262")
	dotNet      = regexp.MustCompile(`^\\?/Date\((-?\d+)([+-]\d{4})?\)\\?/$`)
	namedUTC    = regexp.MustCompile(`(?i) ?(utc|gmt|z)$`)
	beforeZone  = regexp.MustCompile(`(\d) ([+-]\d)`)
	digitsComma = regexp.MustCompile(`(:\d\d),(\d)`)
)

func parseTime(word string) (pcommon.Timestamp, error) {
	if word == "" {
		return 0, nil
	}
	if t, err := time.Parse(time.RFC3339, word); err == nil {
		return stamp(t)
	}
	if word = strings.TrimSpace(word); word == "" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return epoch(n)
	}
	if seconds, err := strconv.ParseFloat(word, 64); err == nil && seconds > 1e8 && seconds < 1e11 {
		return stamp(time.UnixMicro(int64(math.Round(seconds * 1e6))))
	}
	if m := dotNet.FindStringSubmatch(word); m != nil {
		ms, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return 0, errFarTime
		}
		return stamp(time.UnixMilli(ms))
	}
	if len(word) > 10 && (word[10] == ' ' || word[10] == 't') && word[4] == '-' {
		word = word[:10] + "T" + strings.TrimLeft(word[11:], " ")
	}
	if word[0] >= '0' && word[0] <= '9' {
		word = namedUTC.ReplaceAllString(word, "Z")
	}
	word = digitsComma.ReplaceAllString(beforeZone.ReplaceAllString(word, "$1$2"), "$1.$2")
	for _, layout := range layouts {
		if t, err := time.Parse(layout, word); err == nil {
			return stamp(t)
		}
	}
	return 0, errNoTime
}

// epoch reads seconds, milliseconds, microseconds or nanoseconds since 1970, distinguished
// by their size: each reads as a time between 1973 and 2262 in one of the units only.
func epoch(n int64) (pcommon.Timestamp, error) {
	switch {
	case n < 1e8: // seconds before 1973: rather a small number than a time
		return 0, errNoTime
	case n < 1e11:
		return stamp(time.Unix(n, 0))
	case n < 1e14:
		return stamp(time.UnixMilli(n))
	case n < 1e17:
		return stamp(time.UnixMicro(n))
	default:
		return stamp(time.Unix(0, n))
	}
}

// stamp bounds a time: nanoseconds since 1970 in a signed 64-bit integer end in April 2262.
func stamp(t time.Time) (pcommon.Timestamp, error) {
	if t.Before(time.Unix(0, 0)) || t.After(record.MaxTime.AsTime()) {
		return 0, errFarTime
	}
	return pcommon.NewTimestampFromTime(t), nil
}
