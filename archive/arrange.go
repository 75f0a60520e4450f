package archive

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/provtrail/provtrail/provisioning"
)

// arrange sorts rows and keeps the first of each event id.
func (t *table[T]) arrange(rows []*T) []*T {
	slices.SortFunc(rows, t.compare)
	once := t.distinct()
	return slices.DeleteFunc(rows, func(row *T) bool { return !once(row) })
}

// compare orders rows by time, event id and receipt. Times are compared as they
// are stored, so that rows read back sort as they did.
func (t *table[T]) compare(a, b *T) int {
	if c := cmp.Compare(micros(t.at(a)), micros(t.at(b))); c != 0 {
		return c
	}
	x, y := t.id(a), t.id(b)
	return cmp.Or(bytes.Compare(x[:], y[:]), cmp.Compare(t.observed(a), t.observed(b)))
}

// distinct returns a function that is asked about each row of a sorted sequence
// and says whether it is the first with its event id. Only ids whose copies may
// stand apart are remembered: the others are neighbours.
func (t *table[T]) distinct() func(*T) bool {
	var previous provisioning.ID
	seen := map[provisioning.ID]struct{}{}
	return func(row *T) bool {
		id := t.id(row)
		if id == previous {
			return false
		}
		previous = id
		if _, again := seen[id]; again {
			return false
		}
		if t.apart(row) {
			seen[id] = struct{}{}
		}
		return true
	}
}
