package sailpoint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTimesInAnyForm(t *testing.T) {
	f := func(word, want string) {
		t.Helper()
		at, err := parseTime(word)
		require.NoError(t, err, word)
		require.Equal(t, want, at.AsTime().Format(time.RFC3339Nano), word)
	}
	const whole, minute, milli = "2026-11-20T18:45:37Z", "2026-11-20T18:45:00Z", "2026-11-20T18:45:37.098Z"
	f("2026-11-20T18:45:37Z", whole)
	f("2026-11-20T18:45:37", whole)
	f("2026-11-20 18:45:37", whole)
	f("2026-11-20 18:45:37 UTC", whole)
	f("2026-11-20 18:45:37 +0000", whole)
	f("2026-11-20t18:45:37z", whole)
	f("2026-11-20T20:45:37+02:00", whole)
	f("2026-11-20T20:45:37+0200", whole)
	f("2026-11-20T20:45:37+02", whole)
	f("2026-11-20T18:45Z", minute)
	f("2026-11-20T18:45", minute)
	f("2026-11-20 19:45+01:00", minute)
	f("2026-11-20T18:45:37.098", milli)
	f("2026-11-20T18:45:37,098Z", milli)
	f("2026-11-20T18:45:37.098000000000Z", milli)
	f("2026-11-20T18:45:37.1Z", "2026-11-20T18:45:37.1Z")
	f("2026-11-20T18:45:37.123456789Z", "2026-11-20T18:45:37.123456789Z")
	f("2026-11-20", "2026-11-20T00:00:00Z")
	f("1795200337", whole)
	f("1795200337098", milli)
	f("1795200337.098", milli)
	f("1795200337098000", milli)
	f("1795200337098000000", milli)
	f("/Date(1795200337098)/", milli)
	f("/Date(1795200337098+0100)/", milli)
	f("Fri, 20 Nov 2026 18:45:37 GMT", whole)
	f(" 2026-11-20T18:45:37Z ", whole)
}

func TestWhatIsNoTime(t *testing.T) {
	for _, word := range []string{"yesterday", "0", "12", "-5", "NaN", "2026-13-20T18:45:37Z", "2026-11-20T25:00Z", "Date(1)", "1969-12-31T23:59:59Z", "2500-01-01", "1e30", "{}"} {
		_, err := parseTime(word)
		require.Error(t, err, word)
	}
}

// TestTimesAsWrittenByAnyone: a time survives being written in each form, as far as the
// form has digits for it.
func TestTimesAsWrittenByAnyone(t *testing.T) {
	layouts := map[string]time.Duration{
		time.RFC3339Nano: 1, "2006-01-02T15:04:05.000Z": time.Millisecond, "2006-01-02 15:04:05.000000": time.Microsecond,
		"2006-01-02T15:04:05-0700": time.Second, "2006-01-02T15:04Z07:00": time.Minute, "2006-01-02": 24 * time.Hour,
	}
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(1e8, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).UTC()
		for layout, grain := range layouts {
			at, err := parseTime(want.Format(layout))
			require.NoError(t, err)
			require.Equal(t, want.Truncate(grain), at.AsTime(), layout)
		}
	})
}

func TestAnUnreadableTimeCostsItself(t *testing.T) {
	var r Result
	p := Parser{Tenant: "acme"}
	p.Parse([]byte(`{"id":"a","modified":"yesterday","created":"2026-11-20T18:45Z","items":[{"id":"i","provisioningStatus":"PENDING","requested":7}]}`), 1, &r)
	require.Empty(t, r.Rejected)
	require.Len(t, r.Observations, 1)
	require.Equal(t, "2026-11-20T18:45:00Z", r.Observations[0].OccurredAt.AsTime().Format(time.RFC3339))
	require.Equal(t, r.Observations[0].OccurredAt, r.Observations[0].RequestedAt)
	require.Equal(t, []Unreadable{
		{Field: "modified", Value: "yesterday", Problem: errNoTime.Error()},
		{Field: "items[0].requested", Value: "7", Problem: errNoTime.Error()},
	}, r.Unreadable)
}
