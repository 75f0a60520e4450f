package change

import (
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// observations makes the one record of each added observation: its step in the
// first activity that has it. It returns which activities are emitted as they stand.
func (f *finder) observations() (current []bool) {
	current = make([]bool, len(f.Change.After))
	left := len(f.Added)
	if left == 0 {
		return current
	}
	f.Records = make([]record.Record, 0, left)
	f.Observed = make([]int, 0, left)
	added := f.Input.After.Observations[len(f.Input.After.Observations)-left:]
	emitted := make([]bool, left)
	index := indexOf(added)
	for i := range f.Change.After {
		a := &f.Change.After[i]
		for n := range a.History {
			at := index(a.History[n].Observation)
			if at < 0 || emitted[at] {
				continue
			}
			emitted[at] = true
			f.observation(a, n, f.Added[at])
			current[i] = current[i] || n == len(a.History)-1
		}
	}
	return current
}

// indexOf returns a function that finds an observation in the slice it points
// into, -1 for one that does not.
func indexOf(in []provisioning.Observation) func(*provisioning.Observation) int {
	if len(in) > maxWalked {
		index := make(map[*provisioning.Observation]int, len(in))
		for i := range in {
			index[&in[i]] = i
		}
		return func(o *provisioning.Observation) int {
			if i, ok := index[o]; ok {
				return i
			}
			return -1
		}
	}
	return func(o *provisioning.Observation) int {
		for i := range in {
			if &in[i] == o {
				return i
			}
		}
		return -1
	}
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
	r.Current = step == len(a.History)-1
	flagged := r.Current && f.flag(r, a)
	r.Version = f.version(flagged)
	f.Observed = append(f.Observed, arrival)
}
