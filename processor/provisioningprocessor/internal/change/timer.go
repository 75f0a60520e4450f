package change

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
)

// Retention is how long a group's state is kept after its last change.
type Retention struct {
	Closed time.Duration // nothing is Pending or Retrying
	Open   time.Duration
}

// Open reports whether an activity is Pending or Retrying.
func Open(activities []provisioning.Activity) bool {
	for i := range activities {
		if activities[i].Status.Open() {
			return true
		}
	}
	return false
}

// Final reports whether no activity is expected to change: none is Pending,
// Retrying or Committed.
func Final(activities []provisioning.Activity) bool {
	for i := range activities {
		if s := activities[i].Status; s.Open() || s == provisioning.StatusCommitted || s == provisioning.StatusUnset {
			return false
		}
	}
	return true
}

// Expires is when the group's state is no longer needed.
func (r Retention) Expires(g *state.Group, activities []provisioning.Activity) pcommon.Timestamp {
	keep := r.Closed
	if Open(activities) {
		keep = r.Open
	}
	return g.Touched + pcommon.Timestamp(keep)
}

// Timer is the tick at which the group is to be evaluated next: when an activity will have
// been too long in its status, or else when the group expires. It is after now, so that an
// observation that comes late is followed by the rest of its history first.
func Timer(g *state.Group, activities []provisioning.Activity, t *Thresholds, r Retention, now pcommon.Timestamp) int64 {
	next := r.Expires(g, activities)
	for i := range activities {
		if due := t.dueAt(&activities[i]); due > g.Checked {
			next = min(next, due)
		}
		if at := t.lookAgainAt(&activities[i], now); at != 0 {
			next = min(next, at)
		}
	}
	return TickAfter(max(next, now))
}

// TickAfter is the first tick that begins after the time.
func TickAfter(at pcommon.Timestamp) int64 { return int64(at/state.Tick) + 1 }
