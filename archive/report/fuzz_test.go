package report

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// FuzzParseFilter: a query is a filter that stands up to Validate, or an error that
// wraps ErrFilter; matching then needs nothing else.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"", "from=24h&to=now", "from=2026-03-07T12:00:00Z&to=2026-03-14&tz=Europe/Paris", "status=Failed&var-status=$__all&flag=odd",
		"tz=../../etc/passwd", "columns=tenant,,x", "from=-1h", "q=%00%ff", "from=9999999h", "identity_contains=%C4%B0",
	} {
		f.Add(seed)
	}
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	r := record.Record{Status: provisioning.StatusFailed}
	f.Fuzz(func(t *testing.T, text string) {
		query, _ := url.ParseQuery(text) // what a server makes of it
		filter, err := ParseFilter(query, now)
		if err != nil {
			require.ErrorIs(t, err, ErrFilter)
			return
		}
		require.NoError(t, filter.Validate())
		require.True(t, filter.From.Before(filter.To))
		_ = filter.matches(&r)
	})
}
