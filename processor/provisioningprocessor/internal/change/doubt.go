package change

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// skew is how far the vendor's clock may be ahead of ours.
const skew = pcommon.Timestamp(10 * time.Minute)

// An interrupted attempt (a crash, a failing consumer or store) may have told what
// follows from another set of observations, and the state knows nothing of it. Its
// observations come again, perhaps in another order. The first of them has all the
// group's activities told again, in the new generation.
func (f *finder) retell() bool {
	return f.Taken || f.doubtful && f.Input.Before.Told < f.Since
}

// doubts withdraws the activities that may have been told and do not stand.
func (f *finder) doubts() {
	if !f.doubtful {
		return
	}
	var before []provisioning.Activity // withdrawn since the interruption
	if !f.retell() {
		before = provisioning.Candidates(f.Input.Before.Observations)
	}
	withdrawn := NewLookup(before)
	candidates := provisioning.Candidates(f.Input.After.Observations)
	for i := range candidates {
		c := &candidates[i]
		if withdrawn.Find(c.ID) != nil || f.before.Find(c.ID) != nil {
			continue
		}
		f.gone(c)
	}
}

// inDoubt reports whether an interrupted attempt may have had these arrivals: only
// what had happened by then can have been in it.
func (f *finder) inDoubt() bool {
	if f.Taken {
		return true
	}
	if f.Doubt == 0 {
		return false
	}
	if f.Moved {
		return true
	}
	for _, i := range f.Added {
		if at := f.Arrivals[i].OccurredAt; at == 0 || at <= f.Doubt+skew {
			return true
		}
	}
	return false
}
