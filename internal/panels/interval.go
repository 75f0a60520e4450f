package panels

import "time"

// columnPixels is how wide one of Grafana's 24 columns is on a screen of 1440 pixels:
// where a panel does not say how many points it wants, Grafana takes its width.
const columnPixels = 60

// steps are the intervals that Grafana rounds to, each with the first that it no longer
// rounds to it.
var steps = []struct{ to, below time.Duration }{
	{time.Second, 1500 * time.Millisecond},
	{2 * time.Second, 3500 * time.Millisecond},
	{5 * time.Second, 7500 * time.Millisecond},
	{10 * time.Second, 12500 * time.Millisecond},
	{15 * time.Second, 17500 * time.Millisecond},
	{20 * time.Second, 25 * time.Second},
	{30 * time.Second, 45 * time.Second},
	{time.Minute, 90 * time.Second},
	{2 * time.Minute, 210 * time.Second},
	{5 * time.Minute, 450 * time.Second},
	{10 * time.Minute, 750 * time.Second},
	{15 * time.Minute, 1050 * time.Second},
	{20 * time.Minute, 1500 * time.Second},
	{30 * time.Minute, 45 * time.Minute},
	{time.Hour, 90 * time.Minute},
	{2 * time.Hour, 150 * time.Minute},
	{3 * time.Hour, 270 * time.Minute},
	{6 * time.Hour, 9 * time.Hour},
	{12 * time.Hour, 24 * time.Hour},
}

// Interval is how far the points of the query are apart over a range of time, as Grafana
// computes it.
func (q *Query) Interval(over time.Duration) time.Duration {
	wanted := over / time.Duration(max(q.points, 1))
	for _, s := range steps {
		if wanted < s.below {
			return max(s.to, q.narrowest)
		}
	}
	return 24 * time.Hour
}
