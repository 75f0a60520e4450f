// Package clock judges the clock of the machine: a jump of that clock must not seal hours
// that are not over, remove what has not expired, or flag what is not late.
package clock

import (
	"fmt"
	"sync"
	"time"
)

const (
	// Tolerance is how far the machine's clock may be from the believed time and is
	// followed without evidence. Corrections by NTP and quick restarts are within it.
	Tolerance = 2 * time.Minute
	// MaxDifference between the two clocks: beyond it nothing is sealed.
	MaxDifference = 2 * time.Hour
)

// Clock gives the believed time: the last time that was believed and the progress of the
// monotonic clock since. The methods may be called at the same time.
type Clock struct {
	wall    func() time.Time
	elapsed func() time.Duration // since New, by the monotonic clock; nil: wall is always right

	mu   sync.Mutex // guards everything below
	base time.Time  // the believed time of New
	// patience is how long a machine's clock that is ahead must go unopposed until it is
	// believed without evidence; zero is for ever.
	patience time.Duration
	opposed  time.Duration // elapsed when the machine's clock was last right or opposed
	agreed   bool          // the clocks have agreed since New
	jumped   bool          // they have, and do not now
}

// New returns a clock that starts with the machine's time. Where wall is nil, the clocks
// of the system are used. A wall without elapsed is always believed.
func New(wall func() time.Time, elapsed func() time.Duration) *Clock {
	if wall == nil {
		started := time.Now()
		// Round takes the monotonic reading away, so that the wall clock is compared.
		wall = func() time.Time { return time.Now().Round(0) }
		elapsed = func() time.Duration { return time.Since(started) }
	}
	c := &Clock{wall: wall, elapsed: elapsed, base: wall()}
	if elapsed != nil {
		c.base = c.base.Add(-elapsed())
	}
	return c
}

// Wall returns the time of the machine's clock.
func (c *Clock) Wall() time.Time { return c.wall() }

// Continue makes last, the newest time known from before New, the believed time of New.
// The zero time changes nothing, nor does a clock that is always believed.
func (c *Clock) Continue(last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !last.IsZero() && c.elapsed != nil {
		c.base = last
	}
}

// BelieveAfter has a machine's clock that is ahead believed once nothing has opposed it for
// that long.
func (c *Clock) BelieveAfter(patience time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.patience = patience
}

// Now returns the believed time.
func (c *Clock) Now() time.Time {
	_, believed := c.read()
	return believed
}

func (c *Clock) read() (wall, believed time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall = c.wall()
	if c.elapsed == nil {
		return wall, wall
	}
	elapsed := c.elapsed()
	believed = c.base.Add(elapsed)
	d := wall.Sub(believed)
	switch {
	case d.Abs() <= Tolerance, d > 0 && c.patience > 0 && elapsed-c.opposed > c.patience:
		c.base, believed = c.base.Add(d), wall
		c.opposed, c.agreed, c.jumped = elapsed, true, false
	default:
		c.jumped = c.agreed
	}
	return wall, believed
}

// Jumped reports whether the machine's clock was moved since New: the monotonic clock
// proves it. A clock that was wrong at New is not known to be.
func (c *Clock) Jumped() bool {
	c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jumped
}

// Late reports whether the machine's clock is ahead of the believed time, so that
// evidence matters.
func (c *Clock) Late() bool {
	wall, believed := c.read()
	return wall.Sub(believed) > Tolerance
}

// Started returns the believed time of New.
func (c *Clock) Started() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base
}

// Saw takes the time at which the vendor says something happened as evidence: a time
// later than the believed one and near the machine's shows that the believed one is late.
// A time shortly before the believed one opposes the machine's clock.
func (c *Clock) Saw(vendor time.Time) {
	wall, believed := c.read()
	if since := believed.Sub(vendor); c.elapsed != nil && since > -Tolerance && since < MaxDifference {
		c.mu.Lock()
		c.opposed = c.elapsed()
		c.mu.Unlock()
		return
	}
	if c.elapsed == nil || !vendor.After(believed.Add(Tolerance)) || wall.Sub(vendor).Abs() > MaxDifference {
		return
	}
	if vendor.After(wall) {
		if vendor.After(wall.Add(Tolerance)) {
			return
		}
		vendor = wall
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.base.Add(vendor.Sub(believed))
}

// SkewError states that the machine's clock is not believed.
type SkewError struct{ Wall, Believed time.Time }

func (e *SkewError) Error() string {
	where := "ahead of"
	if e.Wall.Before(e.Believed) {
		where = "behind"
	}
	return fmt.Sprintf("the clock of this machine says %s, which is %s %s the last believed time plus the time since (%s)",
		e.Wall.UTC().Format(time.RFC3339), e.Wall.Sub(e.Believed).Abs().Round(time.Second), where, e.Believed.UTC().Format(time.RFC3339))
}

// Skew returns a SkewError where the two clocks differ by more than MaxDifference.
func (c *Clock) Skew() error {
	if wall, believed := c.read(); wall.Sub(believed).Abs() > MaxDifference {
		return &SkewError{wall, believed}
	}
	return nil
}
