package provisioning

import (
	"cmp"
	"slices"
	"strings"
)

// Resolve folds the observations of ONE group into its activities, ordered by
// first observation and id. It is a pure function of the set of observations:
// neither their order nor copies of them change the result.
//
// Observations that name a change completely make the activities. The others
// (account-level ones, those that lack the account or the source) apply to every
// more specific activity they cover; where there is none yet they stand as an
// activity of their own, which folds away as soon as a finer one arrives.
func Resolve(observations []Observation) []Activity {
	activities, _ := resolve(observations)
	return activities
}

// resolve also reports whether the set is plain: each observation makes or joins the
// activity of its own key, whatever else is in the set.
func resolve(observations []Observation) (activities []Activity, plain bool) {
	if len(observations) == 0 {
		return nil, true
	}
	sorted := distinct(observations)
	plain = len(sorted) == len(observations)
	for _, o := range sorted {
		plain = plain && precision(o) == complete && IsSourceID(o.SourceID) && !IsSourceID(o.SourceName)
	}
	r := resolver{drafts: make([]draft, 0, min(len(sorted), indexed)), known: knownOf(sorted)}
	if plain {
		for _, o := range sorted {
			r.add(o, keyWith(o, o.SourceID))
		}
		return r.activities(), true
	}
	names := sourceIDs(sorted)
	for level := complete; ; level-- {
		finer := len(r.drafts)
		for _, o := range sorted {
			if precision(o) != level {
				continue
			}
			key := keyOf(o, names)
			if level == complete || !r.apply(o, key, finer) {
				r.add(o, key)
			}
		}
		if level == vague {
			break
		}
	}
	return r.activities(), false
}

// distinct returns the observations sorted, the copies of each event id merged.
func distinct(observations []Observation) []*Observation {
	sorted := make([]*Observation, len(observations))
	for i := range observations {
		sorted[i] = &observations[i]
	}
	if len(sorted) == 1 {
		return sorted
	}
	if repeated(observations) {
		sorted = mergeCopies(sorted)
	}
	slices.SortFunc(sorted, compare)
	return sorted
}

func mergeCopies(all []*Observation) []*Observation {
	slices.SortStableFunc(all, func(a, b *Observation) int { return compareID(a.EventID, b.EventID) })
	out := all[:0]
	for _, o := range all {
		if n := len(out) - 1; n >= 0 && out[n].EventID == o.EventID {
			merged := Merge(out[n], o)
			out[n] = &merged
			continue
		}
		out = append(out, o)
	}
	return out
}

// repeated reports whether an event id may be there twice. Few are compared with each
// other, which is quicker than sorting them.
func repeated(observations []Observation) bool {
	if len(observations) > maxWalked {
		return true
	}
	for i := range observations {
		for j := range i {
			if observations[i].EventID == observations[j].EventID {
				return true
			}
		}
	}
	return false
}

// maxWalked is how many observations are compared one by one.
const maxWalked = 32

// Levels of precision, from an observation that names nothing to one that names all.
const (
	vague        = iota // account-level, the account or the source is not named
	accountLevel        // account-level
	partial             // a change whose account or source is not named yet
	complete
)

func precision(o *Observation) int {
	named := o.AccountID != "" && (o.SourceID != "" || o.SourceName != "")
	switch {
	case o.AccountLevel && named:
		return accountLevel
	case o.AccountLevel:
		return vague
	case !named:
		return partial
	default:
		return complete
	}
}

// pairing is a source's name and id.
type pairing struct{ name, id string }

// sourceIDs pairs source names with ids as the group's own observations do, so
// that a feed that only knows the name joins one that knows the id.
func sourceIDs(observations []*Observation) []pairing {
	var pairs []pairing
	for _, o := range observations {
		if o.SourceName == "" {
			continue
		}
		i := slices.IndexFunc(pairs, func(p pairing) bool { return p.name == o.SourceName })
		switch {
		case i >= 0 && pairs[i].id <= o.SourceID, !IsSourceID(o.SourceID):
		case i >= 0:
			pairs[i].id = o.SourceID
		default:
			pairs = append(pairs, pairing{o.SourceName, o.SourceID})
		}
	}
	return pairs
}

func keyOf(o *Observation, pairs []pairing) ActivityKey {
	source := SourceKey(o.SourceID, o.SourceName)
	for _, p := range pairs {
		if p.name == source {
			source = p.id
			break
		}
	}
	return keyWith(o, source)
}

func keyWith(o *Observation, source string) ActivityKey {
	return ActivityKey{
		Tenant: o.Tenant, GroupID: o.GroupID, Source: source, Account: strings.ToLower(o.AccountID),
		Attribute: o.AttributeName, Value: o.AttributeValue, Operation: o.Operation,
	}
}

// draft is an activity being collected.
type draft struct {
	key     ActivityKey
	history []*Observation
}

type resolver struct {
	drafts []draft
	index  map[ActivityKey]int // of the drafts, where there are too many to walk
	known  *known
}

// indexed is the number of drafts from which on an index is worth making.
const indexed = 16

func (r *resolver) add(o *Observation, key ActivityKey) {
	i := r.find(key)
	if i < 0 {
		i = len(r.drafts)
		r.drafts = append(r.drafts, draft{key: key, history: make([]*Observation, 0, 4)})
		switch {
		case len(r.drafts) == indexed:
			r.index = make(map[ActivityKey]int, 2*indexed)
			for n := range r.drafts {
				r.index[r.drafts[n].key] = n
			}
		case r.index != nil:
			r.index[key] = i
		}
	}
	r.drafts[i].history = append(r.drafts[i].history, o)
}

func (r *resolver) find(key ActivityKey) int {
	if r.index != nil {
		if i, ok := r.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(r.drafts, func(d draft) bool { return d.key == key })
}

// apply gives o to each of the first n drafts, the more specific ones, that it covers.
func (r *resolver) apply(o *Observation, key ActivityKey, n int) bool {
	applied := false
	for i := range r.drafts[:n] {
		d := &r.drafts[i]
		if covers(o, key, d.key) {
			d.history = append(d.history, o)
			applied = true
		}
	}
	return applied
}

func covers(o *Observation, coarse, fine ActivityKey) bool {
	if coarse.Source != "" && coarse.Source != fine.Source {
		return false
	}
	if coarse.Account != "" && coarse.Account != fine.Account {
		return false
	}
	if !o.AccountLevel {
		return coarse.Attribute == fine.Attribute && coarse.Value == fine.Value && coarse.Operation == fine.Operation
	}
	if coarse.Operation == OperationChangePassword {
		return KindOf(fine.Operation, "", fine.Attribute) == KindPassword
	}
	return coarse.Operation.covers(fine.Operation)
}

func (r *resolver) activities() []Activity {
	out := make([]Activity, len(r.drafts))
	for i := range r.drafts {
		d := &r.drafts[i]
		slices.SortFunc(d.history, compare)
		out[i] = fold(d.key.ID(), d.key, d.history, r.known)
	}
	sortActivities(out)
	return out
}

func sortActivities(list []Activity) {
	slices.SortFunc(list, func(a, b Activity) int {
		return cmp.Or(cmp.Compare(a.FirstAt, b.FirstAt), compareID(a.ID, b.ID))
	})
}
