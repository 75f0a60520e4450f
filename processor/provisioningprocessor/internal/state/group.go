// Package state is what the processor keeps of a group: its distinct
// observations, and how they are merged and written down.
package state

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// Tick is the resolution of timers, in nanoseconds.
const Tick = 30 * 1e9

// Group is the state of one group. It is a value: Merge makes a new one.
type Group struct {
	// Observations are distinct by event id and carry no Original.
	Observations []provisioning.Observation
	// Revisions counts the changes that added no observation: copies that replaced a
	// stored one, and names of sources that changed.
	Revisions int
	// Checked is the time up to which the timers have flagged the activities.
	Checked pcommon.Timestamp
	// Touched is when the set last changed, by our clock.
	Touched pcommon.Timestamp
	// Timer is the tick at which the group is to be evaluated, 0 for never.
	Timer int64
	// EmittedEpoch is the epoch in which all activities were emitted last.
	EmittedEpoch uint32
	// Version is the highest that was emitted; 0 where there is no history.
	Version uint64
	// FromHistory is the number of observations, the first ones, that come from a history
	// and not from a feed: the collector that emitted them may not have done so everywhere.
	FromHistory int
	// Names are the sources of which some activity has the id only, by id, with the names
	// under which the activities were emitted.
	Names []SourceName

	// room says that what lies behind the observations is for the next Merge to use.
	room bool
}

// SourceName is a source's id and the name that documents of other groups give it, empty
// where none does.
type SourceName struct{ ID, Name string }

// SourceName returns the name under which a source's activities were emitted.
func (g *Group) SourceName(id string) string {
	for _, n := range g.Names {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

// Lacks reports whether some activity has the source's id only.
func (g *Group) Lacks(id string) bool {
	return slices.ContainsFunc(g.Names, func(n SourceName) bool { return n.ID == id })
}

// Revision counts the changes of the set. It orders the group's states.
func (g *Group) Revision() int { return len(g.Observations) + g.Revisions }

// Merged is the outcome of Merge.
type Merged struct {
	Group
	// Added are the indexes into the arrivals of the new distinct observations.
	Added []int
	// Duplicates are the indexes of the arrivals that were known already.
	Duplicates []int
	// Moved says that an earlier copy replaced a stored one.
	Moved bool
}

// Changed reports whether the set differs from that before.
func (m *Merged) Changed() bool { return len(m.Added) > 0 || m.Moved }

// Merge adds arrivals to the group and leaves the group as it is. Of copies with
// the same event id the earlier receipt stays.
func (g *Group) Merge(arrivals []*provisioning.Observation) Merged {
	m := Merged{Group: *g}
	stored := len(g.Observations)
	shared := g.room // the first ones are g's too
	g.room, m.room = false, false
	if !shared {
		m.own(len(arrivals))
	}
	find := finder(&m.Observations, len(arrivals))
	added := make([]int, 0, len(arrivals)) // arrival of each new observation
	for i := range arrivals {
		at, known := find(arrivals[i].EventID)
		if !known {
			m.append(arrivals[i])
			added = append(added, i)
			continue
		}
		if !provisioning.Earlier(arrivals[i], &m.Observations[at]) {
			m.Duplicates = append(m.Duplicates, i)
			continue
		}
		if shared && at < stored {
			m.own(len(arrivals) - i)
			shared = false
		}
		m.Observations[at] = *arrivals[i]
		m.Observations[at].Original = ""
		if at < stored {
			m.Duplicates = append(m.Duplicates, i)
			m.Revisions++
			m.Moved = true
			continue
		}
		m.Duplicates = append(m.Duplicates, added[at-stored])
		added[at-stored] = i
	}
	m.Added = added
	return m
}

// Pointers point to each observation of a list.
func Pointers(list []provisioning.Observation) []*provisioning.Observation {
	pointers := make([]*provisioning.Observation, len(list))
	for i := range list {
		pointers[i] = &list[i]
	}
	return pointers
}

// own copies the observations, with room for more.
func (m *Merged) own(more int) {
	m.Observations = append(make([]provisioning.Observation, 0, len(m.Observations)+more), m.Observations...)
}

func (m *Merged) append(o *provisioning.Observation) {
	m.Observations = append(m.Observations, *o)
	m.Observations[len(m.Observations)-1].Original = ""
}

// finder looks observations up by event id: by walking where there are few, by
// a map where walking would cost more.
func finder(observations *[]provisioning.Observation, arrivals int) func(provisioning.ID) (int, bool) {
	if (len(*observations)+arrivals)*arrivals < 512 {
		return func(id provisioning.ID) (int, bool) {
			for i := range *observations {
				if (*observations)[i].EventID == id {
					return i, true
				}
			}
			return 0, false
		}
	}
	index := make(map[provisioning.ID]int, len(*observations)+arrivals)
	indexed := 0
	return func(id provisioning.ID) (int, bool) {
		for ; indexed < len(*observations); indexed++ {
			index[(*observations)[indexed].EventID] = indexed
		}
		i, ok := index[id]
		return i, ok
	}
}
