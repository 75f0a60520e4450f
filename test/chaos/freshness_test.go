package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// TestWhatIsShownIsSeen: rows named by all feeds show what the changes are that REST
// names, and what has no row is counted as such.
func TestWhatIsShownIsSeen(t *testing.T) {
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	now := from.Add(2 * time.Hour)
	end := now.Add(-2 * time.Minute)
	options := simulate.DefaultOptions()
	twin := api.NewServer(options.NewTenant(), api.Options{From: from, GroupsPerDay: 3000, Now: func() time.Time { return now }})
	shown, joined := map[state]time.Time{}, map[change]state{}
	twin.Truth(func(activities []truth.Activity, _ truth.Group) {
		for i := range activities {
			a := &activities[i]
			s := state{changeOf(a), a.Status}
			shown[s] = now
			if a.SourceName == "IdentityNow" && a.SourceKey != a.SourceName && !a.RequestedAt.After(end) {
				joined[s.of] = s
			}
		}
	})
	require.NotEmpty(t, joined)
	all, unseen := ages(twin, shown, from, end)
	require.Zero(t, unseen)
	for _, age := range all {
		require.GreaterOrEqual(t, age, now.Sub(end))
	}
	for _, s := range joined {
		delete(shown, s)
	}
	rest, unseen := ages(twin, shown, from, end)
	require.GreaterOrEqual(t, unseen, len(joined))
	require.Len(t, all, len(rest)+unseen, "each change is seen or not")
}
