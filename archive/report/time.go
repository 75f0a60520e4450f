package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TimeForms are the notations that ParseTime reads, for help texts.
const TimeForms = "24h, 30d or 1w before now, today, yesterday, 2026-11-23, 2026-11-23 14:00, or RFC 3339 such as 2026-11-23T14:00:00Z"

const timeLayout = "2006-01-02 15:04:05 MST"

// ParseTime reads a time in one of the TimeForms. A time without a zone is in the zone
// that is given; a day is its first instant.
func ParseTime(text string, zone *time.Location, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	year, month, day := now.In(zone).Date()
	switch text {
	case "now":
		return now, nil
	case "today":
		return time.Date(year, month, day, 0, 0, 0, 0, zone), nil
	case "yesterday":
		return time.Date(year, month, day-1, 0, 0, 0, 0, zone), nil
	}
	if before, err := time.ParseDuration(text); err == nil && before > 0 {
		return now.Add(-before), nil
	}
	for unit, days := range map[string]int{"d": 1, "w": 7} {
		number, ok := strings.CutSuffix(text, unit)
		if n, err := strconv.ParseUint(number, 10, 16); ok && err == nil && n > 0 {
			return now.AddDate(0, 0, -int(n)*days), nil
		}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write %s", text, TimeForms)
}

// timeOr reads a time that may be left out.
func timeOr(text string, zone *time.Location, now, none time.Time) (time.Time, error) {
	if text == "" {
		return none, nil
	}
	return ParseTime(text, zone, now)
}
