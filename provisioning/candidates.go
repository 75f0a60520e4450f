package provisioning

// Candidates returns an activity for each id under which an observation could
// stand in some subset of the observations, though it may not in all of them:
// coarse observations before a finer one is known, and names of sources before
// their ids are known. Each holds that observation only.
//
// An activity that was emitted for a subset and of which nothing is known after a crash is
// among them.
func Candidates(observations []Observation) []Activity {
	var out []Activity
	seen := map[ActivityKey]bool{}
	for i := range observations {
		o := &observations[i]
		for _, key := range possibleKeys(o, observations) {
			if !seen[key] {
				seen[key] = true
				out = append(out, fold(key.ID(), key, []*Observation{o}, nil))
			}
		}
	}
	return out
}

// possibleKeys is empty for an observation that names its change completely: its
// activity stands in every set.
func possibleKeys(o *Observation, observations []Observation) []ActivityKey {
	named := o.SourceName
	if named == "" {
		named = o.SourceID
	}
	byName := named != "" && !IsSourceID(o.SourceID)
	if precision(o) == complete && !byName {
		return nil
	}
	keys := []ActivityKey{keyOf(o, nil)}
	if !byName {
		return keys
	}
	for i := range observations {
		p := &observations[i]
		if p.SourceName == named && IsSourceID(p.SourceID) {
			keys = append(keys, keyOf(o, []pairing{{named, p.SourceID}}))
		}
	}
	return keys
}
