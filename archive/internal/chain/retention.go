package chain

import "time"

// Retention is how long files are kept, in seconds; zero is for ever.
type Retention struct {
	InForce int64 `json:"in_force"`
	// Announced is a shorter retention that is in force once it was stated in seals for
	// the notice period. It is zero where none is announced.
	Announced int64     `json:"announced,omitempty"`
	Since     time.Time `json:"since,omitzero"` // of Announced
}

// Duration returns the retention in force; zero is for ever.
func (r *Retention) Duration() time.Duration {
	if r == nil {
		return 0
	}
	return time.Duration(r.InForce) * time.Second
}

// Next returns what the next seal states where the configuration says configured. A
// longer retention is in force at once.
func (r *Retention) Next(configured, notice time.Duration, now time.Time) *Retention {
	before, seconds := Retention{}, int64(configured/time.Second)
	if r != nil {
		before = *r
	}
	switch {
	case seconds == 0:
		return nil
	case before.InForce != 0 && seconds >= before.InForce:
		return &Retention{InForce: seconds}
	case before.Announced != seconds:
		before.Announced, before.Since = seconds, now.UTC().Truncate(time.Second)
	}
	if now.Sub(before.Since) >= notice {
		return &Retention{InForce: seconds}
	}
	return &before
}
