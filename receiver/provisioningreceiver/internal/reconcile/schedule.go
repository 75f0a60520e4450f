package reconcile

import (
	"time"

	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	// lastPass is how long before the vendor deletes the first document of an hour the hour
	// is asked about for the last time.
	lastPass = 2 * time.Hour

	// maxRetries bounds the passes beside the plan while the vendor's answer is not settled.
	maxRetries = 5

	// daily is when an hour that does not agree is asked about again in any case: the vendor
	// may have been wrong for a while.
	daily = 24 * time.Hour
)

// plan is when an hour is asked about, counted from its end.
func (c *Config) plan() []time.Duration {
	return append(append([]time.Duration{c.Behind}, c.Again...), c.Retention-time.Hour-lastPass)
}

// planned is how many passes of the plan are due.
func (c *Config) planned(h Hour, now time.Time) (n int) {
	for _, after := range c.plan() {
		if !now.Before(h.End().Add(after)) {
			n++
		}
	}
	return n
}

// due reports whether an hour is to be asked about now: by the plan, after documents of it
// were delivered, or while the vendor's answer is not settled. The feed must have read past
// the hour, and the vendor must still have its documents. Passes that were missed are one.
func (c *Config) due(h Hour, s *state, readUntil, now time.Time) bool {
	switch {
	case readUntil.Before(h.End().Add(c.Behind)), c.expired(h, now):
		return false
	case c.planned(h, now) > s.Planned:
		return true
	case s.Passes == 0:
		return false
	case s.Changed && !now.Before(s.Asked.Add(c.Behind)):
		return true
	case s.Stated.Verdict != record.VerdictAgreed && !now.Before(s.Asked.Add(daily)):
		return true
	default:
		return !s.settled() && s.Retries < maxRetries && !now.Before(s.Asked.Add(c.Behind<<s.Retries))
	}
}

// expired reports whether the vendor may have deleted documents of an hour.
func (c *Config) expired(h Hour, now time.Time) bool {
	return !now.Before(h.Start().Add(c.Retention))
}

// settled reports whether nothing is to be expected of asking again before the plan does.
func (s *state) settled() bool {
	switch s.Stated.Verdict {
	case record.VerdictAgreed, record.VerdictHidden:
		return true
	case record.VerdictFewer:
		return s.Same > 0
	default:
		return false
	}
}
