package change

import (
	"github.com/provtrail/provtrail/provisioning"
)

// maxWalked is how many activities are searched one by one rather than indexed.
const maxWalked = 32

// Lookup finds activities by id. A group may have thousands.
type Lookup struct {
	activities []provisioning.Activity
	index      map[provisioning.ID]int // nil for few
}

// NewLookup returns a lookup of the activities, which it points into.
func NewLookup(activities []provisioning.Activity) Lookup {
	l := Lookup{activities: activities}
	if len(activities) > maxWalked {
		l.index = make(map[provisioning.ID]int, len(activities))
		for i := range activities {
			l.index[activities[i].ID] = i
		}
	}
	return l
}

// Find returns nil for an id that is not there.
func (l *Lookup) Find(id provisioning.ID) *provisioning.Activity {
	if l.index != nil {
		if i, ok := l.index[id]; ok {
			return &l.activities[i]
		}
		return nil
	}
	for i := range l.activities {
		if l.activities[i].ID == id {
			return &l.activities[i]
		}
	}
	return nil
}
