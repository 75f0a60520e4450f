package change

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// skew is how far the vendor's clock may be ahead of ours.
const skew = pcommon.Timestamp(10 * time.Minute)

// reEmit reports whether all activities are emitted, changed or not. An interrupted
// attempt (a crash, a failing consumer or store) may have emitted what follows from another
// set of observations, and the state knows nothing of it. Its observations come again,
// perhaps in another order. The first of them has all the group's activities emitted
// again, in the new epoch.
func (f *finder) reEmit() bool {
	return f.Adopted || f.maybeEmitted && f.Input.Before.EmittedEpoch < f.EpochStart
}

// withdraw emits tombstones of the activities that may have been emitted and do not stand.
func (f *finder) withdraw() {
	if !f.maybeEmitted {
		return
	}
	var before []provisioning.Activity // withdrawn since the interruption
	if !f.reEmit() {
		before = provisioning.Candidates(f.Input.Before.Observations)
	}
	withdrawn := NewLookup(before)
	candidates := provisioning.Candidates(f.Input.After.Observations)
	for i := range candidates {
		c := &candidates[i]
		if withdrawn.Find(c.ID) != nil || f.before.Find(c.ID) != nil {
			continue
		}
		f.tombstone(c)
	}
}

// isMaybeEmitted reports whether an interrupted attempt may have had these arrivals or
// this correction: only what had happened by then can have been in the attempt.
func (f *finder) isMaybeEmitted() bool {
	if f.Adopted {
		return true
	}
	if f.LastInterruption == 0 {
		return false
	}
	if f.Moved || f.Correcting {
		return true
	}
	for _, i := range f.Added {
		if at := f.Arrivals[i].OccurredAt; at == 0 || at <= f.LastInterruption+skew {
			return true
		}
	}
	return false
}
