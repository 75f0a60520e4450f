package provisioning

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// known is what a group's observations know of time. It dates the activities of which the
// vendor gave no time at all, which else had the time at which they were received: when
// the vendor's documents are sent again or read later, that is long after what happened.
type known struct {
	occurred  []pcommon.Timestamp // vendor's times, sorted
	requested pcommon.Timestamp   // the earliest
}

// KnownAt is the time of the activity's newest state as far as the vendor's documents show
// it; zero where only the time of receipt is known.
func (a *Activity) KnownAt() pcommon.Timestamp {
	newest := a.History[len(a.History)-1]
	if newest.OccurredAt == 0 && a.LastAt == newest.ObservedAt {
		return 0
	}
	return a.LastAt
}

// knownOf is nil where each observation has a time of its own.
func knownOf(observations []*Observation) *known {
	if !slices.ContainsFunc(observations, func(o *Observation) bool { return o.OccurredAt == 0 }) {
		return nil
	}
	k := &known{}
	for _, o := range observations {
		if o.OccurredAt != 0 {
			k.occurred = append(k.occurred, o.OccurredAt)
		}
		k.requested = earliest(k.requested, o.RequestedAt)
	}
	slices.Sort(k.occurred)
	return k
}

// dated returns the time of each observation of an activity's history: the vendor's, else
// that of receipt. Where the vendor gave none in the whole history, it is what is known by
// the receipt: when the change was requested, or else the newest time in the group, or else
// when something of the group was requested.
func (k *known) dated(history []*Observation) func(*Observation) pcommon.Timestamp {
	if k == nil || slices.ContainsFunc(history, func(o *Observation) bool { return o.OccurredAt != 0 }) {
		return (*Observation).At
	}
	var requested pcommon.Timestamp
	for _, o := range history {
		requested = earliest(requested, o.RequestedAt)
	}
	return func(o *Observation) pcommon.Timestamp {
		by := o.ObservedAt
		if requested != 0 {
			return min(requested, by)
		}
		if n, found := slices.BinarySearch(k.occurred, by); found {
			return by
		} else if n > 0 {
			return k.occurred[n-1]
		}
		if k.requested != 0 {
			return min(k.requested, by)
		}
		return by
	}
}
