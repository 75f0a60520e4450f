package panels

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIntervalIsGrafanas(t *testing.T) {
	f := func(points int, narrowest, over, want time.Duration) {
		t.Helper()
		q := Query{points: points, narrowest: narrowest}
		require.Equal(t, want, q.Interval(over))
	}
	const day = 24 * time.Hour
	f(170, time.Minute, 7*day, time.Hour)
	f(500, 0, 7*day, 20*time.Minute)
	f(150, time.Minute, day, 10*time.Minute)
	f(150, time.Minute, time.Hour, time.Minute)
	f(120, 5*time.Minute, 30*day, 6*time.Hour)
	f(10, 0, 365*day, day)
}

func TestBoards(t *testing.T) {
	boards, err := Read("../../dashboards")
	require.NoError(t, err)
	require.Len(t, boards, 6)
	for _, b := range boards {
		require.Equal(t, b.Title != "Collector", len(b.Queries) > 0, b.Title)
		vars := b.All()
		for _, q := range b.Asked() {
			s := Scope{From: time.Unix(0, 0), To: time.Unix(3600, 0), Interval: q.Interval(time.Hour), Vars: vars, Typed: b.Typed()}
			_, err := s.Expand(q.SQL)
			require.NoError(t, err, "%s / %s", b.Title, q.Panel)
		}
	}
}
