// Package state is what the processor keeps of a group: its distinct
// observations, and how they are merged and written down.
package state

import (
	"cmp"
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
	// Revisions counts the changes that added no observation: copies that changed a stored
	// one, and names of sources that changed.
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

	// room reports that the capacity behind the observations is for the next Merge.
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
	// Fuller are the duplicates that had something that the stored copies lacked.
	Fuller []Copy
	// Moved says that a stored observation changed.
	Moved bool
}

// Copy is an arrival that was merged into a stored observation.
type Copy struct {
	Arrival int // index into the arrivals
	At      int // index into the group's observations
}

// Changed reports whether the set differs from that before.
func (m *Merged) Changed() bool { return len(m.Added) > 0 || m.Moved }

// Merge adds arrivals to the group and leaves the group as it is. Copies with the same
// event id are merged.
func (g *Group) Merge(arrivals []*provisioning.Observation) Merged {
	m := Merged{Group: *g}
	stored := len(g.Observations)
	shared := g.room // the first ones are g's too
	g.room, m.room = false, false
	if !shared {
		m.own(len(arrivals))
	}
	find := finder(&m.Observations, len(arrivals))
	m.Added = make([]int, 0, len(arrivals))
	for i := range arrivals {
		at, known := find(arrivals[i].EventID)
		if !known {
			m.append(arrivals[i])
			m.Added = append(m.Added, i)
			continue
		}
		was := &m.Observations[at]
		merged := provisioning.Merge(was, arrivals[i])
		merged.Original = ""
		if at >= stored { // both arrived: the record of the longer document is sent on
			if first := &m.Added[at-stored]; longer(arrivals[i], arrivals[*first]) {
				*first, i = i, *first
			}
			m.Duplicates = append(m.Duplicates, i)
			*was = merged
			continue
		}
		m.Duplicates = append(m.Duplicates, i)
		if merged == *was {
			continue
		}
		if shared {
			m.own(len(arrivals) - i)
			shared = false
			was = &m.Observations[at]
		}
		was.ObservedAt = merged.ObservedAt
		if merged != *was {
			m.fuller(Copy{Arrival: i, At: at})
		}
		*was = merged
		m.Revisions++
		m.Moved = true
	}
	return m
}

// fuller notes a copy; of several copies of one observation the last one stays, which
// completed it.
func (m *Merged) fuller(c Copy) {
	m.Fuller = slices.DeleteFunc(m.Fuller, func(other Copy) bool { return other.At == c.At })
	m.Fuller = append(m.Fuller, c)
}

// longer reports whether the document of a is longer than that of b, and of two of one
// length the smaller.
func longer(a, b *provisioning.Observation) bool {
	return cmp.Or(cmp.Compare(len(a.Original), len(b.Original)), cmp.Compare(b.Original, a.Original)) > 0
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
