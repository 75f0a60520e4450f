package state

import (
	"github.com/provtrail/provtrail/provisioning"
)

// Adopt returns the group with the observations that a history has of it. These come first
// and count as FromHistory; those that the group has besides stay its own.
func (g *Group) Adopt(stored []provisioning.Observation) Group {
	var known Group
	merged := known.Merge(Pointers(stored))
	fromHistory := len(merged.Observations)
	all := merged.Group.Merge(Pointers(g.Observations)).Group
	out := *g
	out.Observations, out.FromHistory = all.Observations, fromHistory
	out.Revisions += all.Revisions
	return out
}

// MergeAdopted is Merge for a group that may have adopted observations: one that arrives
// is added as if it were new, so that it is emitted again. The two copies are merged all
// the same.
func (g *Group) MergeAdopted(arrivals []*provisioning.Observation) Merged {
	if g.FromHistory == 0 {
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
		if i < g.FromHistory && arriving[o.EventID] {
			confirmed = append(confirmed, *o)
			continue
		}
		kept.Observations = append(kept.Observations, *o)
	}
	if len(confirmed) == 0 {
		return g.Merge(arrivals)
	}
	kept.FromHistory -= len(confirmed)
	kept.Revisions += len(confirmed)
	m := kept.Merge(arrivals)
	earlier := m.Group.Merge(Pointers(confirmed))
	m.Group, m.Moved = earlier.Group, m.Moved || earlier.Moved
	return m
}
