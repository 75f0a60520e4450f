package change

import (
	"slices"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// observations makes the one record of each added observation, and of each that became
// fuller: its step in the first activity that has it. It returns which activities are
// emitted as they stand.
func (f *finder) observations() (current []bool) {
	current = make([]bool, len(f.Change.After))
	left := len(f.Added) + len(f.Fuller)
	if left == 0 {
		return current
	}
	f.Records = make([]record.Record, 0, left)
	f.Observed = make([]int, 0, left)
	arrival := f.arrivals()
	for i := range f.Change.After {
		a := &f.Change.After[i]
		for n := range a.History {
			at, ok := arrival(a.History[n].Observation)
			if !ok {
				continue
			}
			f.observation(a, n, at)
			current[i] = current[i] || isState(a, n)
		}
	}
	return current
}

// arrivals returns a function that gives the arrival of each observation that was added or
// became fuller, once.
func (f *finder) arrivals() func(*provisioning.Observation) (int, bool) {
	all := f.Input.After.Observations
	wanted := make([]*provisioning.Observation, 0, len(f.Added)+len(f.Fuller))
	arrivals := append(make([]int, 0, cap(wanted)), f.Added...)
	for i := range f.Added {
		wanted = append(wanted, &all[len(all)-len(f.Added)+i])
	}
	for _, c := range f.Fuller {
		wanted, arrivals = append(wanted, &all[c.At]), append(arrivals, c.Arrival)
		if f.Again == nil {
			f.Again = map[int]bool{}
		}
		f.Again[c.Arrival] = true
	}
	find := func(o *provisioning.Observation) int { return slices.Index(wanted, o) }
	if len(wanted) > maxWalked {
		index := make(map[*provisioning.Observation]int, len(wanted))
		for i, o := range wanted {
			index[o] = i
		}
		find = func(o *provisioning.Observation) int {
			if i, ok := index[o]; ok {
				return i
			}
			return -1
		}
	}
	return func(o *provisioning.Observation) (int, bool) {
		i := find(o)
		if i < 0 || arrivals[i] < 0 {
			return 0, false
		}
		at := arrivals[i]
		arrivals[i] = -1
		return at, true
	}
}

// isState reports whether the record of a step shows the activity's newest state. That of a
// step without a time does not where another time of the activity is known: the record
// keeps its time of receipt, and the state has a record of its own.
func isState(a *provisioning.Activity, step int) bool {
	return step == len(a.History)-1 && a.KnownAt() == a.History[step].OccurredAt
}

func (f *finder) observation(a *provisioning.Activity, step, arrival int) {
	asOf := a
	if step < len(a.History)-1 {
		before := a.AsOf(step + 1)
		setName(&before, f.Input.After.SourceName)
		asOf = &before
	}
	r := f.add(asOf)
	r.Original = f.Arrivals[arrival].Original
	r.Current = isState(a, step)
	flagged := r.Current && f.flag(r, a)
	if r.Current {
		f.withdrawTransitions(r, a)
	}
	r.Version = f.version(flagged)
	f.Observed = append(f.Observed, arrival)
}
