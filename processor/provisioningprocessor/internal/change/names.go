package change

import (
	"slices"
	"strings"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
)

// name gives the activities of both states their names, those before the ones under which
// they were emitted.
func (f *finder) name() {
	f.Input.After.Names = setNames(f.Change.After, f.SourceName)
	for _, n := range f.Input.After.Names {
		renamed := func(was state.SourceName) bool { return was.ID == n.ID && was.Name != n.Name }
		if slices.ContainsFunc(f.Input.Before.Names, renamed) {
			f.Moved = true
			f.Input.After.Revisions++
			if len(f.Added) == 0 { // both may be one list
				f.Change.Before = provisioning.Resolve(f.Input.Before.Observations)
			}
			break
		}
	}
	setNames(f.Change.Before, f.Input.Before.SourceName)
}

// Activities are a group's activities as they were emitted last.
func Activities(g *state.Group) []provisioning.Activity {
	activities := provisioning.Resolve(g.Observations)
	setNames(activities, g.SourceName)
	return activities
}

// setNames names the sources of the activities whose observations give an id only, and
// returns those sources.
func setNames(activities []provisioning.Activity, nameOf func(id string) string) (names []state.SourceName) {
	for i := range activities {
		a := &activities[i]
		if !setName(a, nameOf) {
			continue
		}
		at, found := slices.BinarySearchFunc(names, a.SourceID, func(n state.SourceName, id string) int { return strings.Compare(n.ID, id) })
		if !found {
			names = slices.Insert(names, at, state.SourceName{ID: a.SourceID, Name: a.SourceName})
		}
	}
	return names
}

// setName reports whether the activity's observations give an id and no name.
func setName(a *provisioning.Activity, nameOf func(id string) string) bool {
	if a.SourceName != "" || !provisioning.IsSourceID(a.SourceID) {
		return false
	}
	if nameOf != nil {
		a.SourceName = nameOf(a.SourceID)
	}
	return true
}
