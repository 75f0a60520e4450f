package provisioning

// ResolveBoth resolves the first known observations, and all of them. It does more work
// than Resolve only for the activities of which something became known.
func ResolveBoth(observations []Observation, known int) (before, after []Activity) {
	after, plain := resolve(observations)
	switch {
	case known == 0:
		return nil, after
	case known == len(observations):
		return after, after
	case !plain:
		return Resolve(observations[:known]), after
	}
	isKnown := memberOf(observations[:known])
	pointers := make([]*Observation, known)
	for i := range pointers {
		pointers[i] = &observations[i]
	}
	times := knownOf(pointers)
	before = make([]Activity, 0, len(after))
	for i := range after {
		a := &after[i]
		history := make([]*Observation, 0, len(a.History))
		for n := range a.History {
			if o := a.History[n].Observation; isKnown(o) {
				history = append(history, o)
			}
		}
		switch {
		case len(history) == len(a.History) && a.known == nil:
			before = append(before, *a)
		case len(history) > 0:
			before = append(before, fold(a.ID, a.Key, history, times))
		}
	}
	sortActivities(before)
	return before, after
}

// memberOf returns a function that reports whether an observation is an element of the
// list. Few are compared one by one, which is quicker than a map.
func memberOf(list []Observation) func(*Observation) bool {
	if len(list) <= maxWalked {
		return func(o *Observation) bool {
			for i := range list {
				if &list[i] == o {
					return true
				}
			}
			return false
		}
	}
	members := make(map[*Observation]struct{}, len(list))
	for i := range list {
		members[&list[i]] = struct{}{}
	}
	return func(o *Observation) bool {
		_, ok := members[o]
		return ok
	}
}
