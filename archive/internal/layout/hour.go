package layout

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Hour is an hour of UTC, counted from 1970: the unit in which the archive is
// partitioned and sealed.
type Hour int64

const (
	hourText = "2006-01-02T15Z"
	hourDir  = "date=2006-01-02/hour=15"
)

// HourOf returns the hour in which t lies.
func HourOf(t time.Time) Hour { return Hour(t.Unix() / 3600) }

// HourAt returns the hour in which a timestamp lies.
func HourAt(at pcommon.Timestamp) Hour { return Hour(at / pcommon.Timestamp(time.Hour)) }

// Start returns the first instant of the hour.
func (h Hour) Start() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// String returns the hour in the notation of RFC 3339 without minutes.
func (h Hour) String() string { return h.Start().Format(hourText) }

// Dir returns the directory of the hour within that of a tenant.
func (h Hour) Dir() string { return h.Start().Format(hourDir) }

// MarshalText implements encoding.TextMarshaler.
func (h Hour) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hour) UnmarshalText(text []byte) error {
	t, err := time.Parse(hourText, string(text))
	*h = HourOf(t)
	return err
}

// parseHourDir is the inverse of Dir and accepts no other notation.
func parseHourDir(dir string) (Hour, bool) {
	t, err := time.Parse(hourDir, dir)
	if err != nil || t.Format(hourDir) != dir {
		return 0, false
	}
	return HourOf(t), true
}
