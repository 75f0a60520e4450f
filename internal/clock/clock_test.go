package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// machine has a clock that is ahead of the true time.
type machine struct {
	now, began time.Time
	ahead      time.Duration
}

func (m *machine) clock() *Clock {
	m.began = m.now
	return New(func() time.Time { return m.now.Add(m.ahead) }, func() time.Duration { return m.now.Sub(m.began) })
}

const year = 365 * 24 * time.Hour

// TestNeverAheadOfTheTruth: the clock jumps at any time, processes restart, and the vendor's
// times are true. The believed time is never later than the true one, and is the true one
// as soon as the clock is right and a vendor's time shows it.
func TestNeverAheadOfTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{now: noon}
		c := m.clock()
		c.BelieveAfter(24 * time.Hour)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.now = m.now.Add(time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second)
			m.ahead = rapid.SampledFrom([]time.Duration{0, 0, 0, -time.Hour, time.Hour, -24 * time.Hour, 24 * time.Hour, -year, year}).Draw(t, "ahead")
			if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
				alive := c.Now()
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 48).Draw(t, "hours down")) * time.Hour)
				c = m.clock()
				c.BelieveAfter(24 * time.Hour)
				c.Continue(alive)
			}
			c.Saw(m.now.Add(-time.Duration(rapid.IntRange(0, 3600).Draw(t, "delay")) * time.Second))
			require.False(t, c.Now().After(m.now), "believed %s, true %s", c.Now(), m.now)
			c.Saw(m.now)
			if m.ahead == 0 {
				require.WithinDuration(t, m.now, c.Now(), Tolerance)
				require.NoError(t, c.Skew())
				require.False(t, c.Jumped())
			}
		}
	})
}

func TestAJumpIsProvenByTheMonotonicClock(t *testing.T) {
	m := &machine{now: noon}
	c := m.clock()
	require.False(t, c.Jumped())
	m.ahead = year
	require.True(t, c.Jumped())
	require.ErrorContains(t, c.Skew(), "ahead of the last believed time")
	m.ahead = 0
	require.False(t, c.Jumped())
	require.NoError(t, c.Skew())

	m.ahead = year // before the process began: nothing proves it
	c = m.clock()
	c.Continue(noon)
	require.False(t, c.Jumped())
	require.Error(t, c.Skew())
}

// TestNothingOpposesTheClock: an idle tenant after a long standstill.
func TestNothingOpposesTheClock(t *testing.T) {
	f := func(patience time.Duration, opposed, believed bool) {
		t.Helper()
		m := &machine{now: noon}
		m.now = m.now.Add(100 * time.Hour)
		c := m.clock()
		c.BelieveAfter(patience)
		c.Continue(noon)
		for range 30 {
			m.now = m.now.Add(time.Hour)
			if opposed {
				c.Saw(c.Now().Add(-time.Minute))
			}
		}
		require.Equal(t, believed, c.Now().Equal(m.now))
	}
	f(24*time.Hour, false, true)
	f(24*time.Hour, true, false)
	f(0, false, false)
}
