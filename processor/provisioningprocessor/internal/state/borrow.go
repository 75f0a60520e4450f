package state

import (
	"github.com/provtrail/provtrail/provisioning"
)

// Borrow returns the group with what a history has of it. Its observations come first
// and count as borrowed; those that the group has besides stay its own.
func (g *Group) Borrow(told []provisioning.Observation) Group {
	var known Group
	merged := known.Merge(Pointers(told))
	borrowed := len(merged.Observations)
	all := merged.Group.Merge(Pointers(g.Observations)).Group
	out := *g
	out.Observations, out.Borrowed = all.Observations, borrowed
	out.Replaced += all.Replaced
	return out
}

// MergeBorrowed is Merge for a group that may have borrowed: a borrowed observation that
// arrives is added as if it were new, so that it is told again. Of the two copies the
// earlier receipt stays all the same.
func (g *Group) MergeBorrowed(arrivals []*provisioning.Observation) Merged {
	if g.Borrowed == 0 {
		return g.Merge(arrivals)
	}
	arriving := make(map[provisioning.ID]bool, len(arrivals))
	for i := range arrivals {
		arriving[arrivals[i].EventID] = true
	}
	kept := *g
	kept.Observations = make([]provisioning.Observation, 0, len(g.Observations))
	var confirmed []provisioning.Observation
	for i := range g.Observations {
		o := &g.Observations[i]
		if i < g.Borrowed && arriving[o.EventID] {
			confirmed = append(confirmed, *o)
			continue
		}
		kept.Observations = append(kept.Observations, *o)
	}
	if len(confirmed) == 0 {
		return g.Merge(arrivals)
	}
	kept.Borrowed -= len(confirmed)
	kept.Replaced += len(confirmed)
	m := kept.Merge(arrivals)
	earlier := m.Group.Merge(Pointers(confirmed))
	m.Group, m.Moved = earlier.Group, m.Moved || earlier.Moved
	return m
}
