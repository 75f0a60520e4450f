package archive

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/provtrail/provtrail/provisioning"
)

// arrange sorts rows and keeps of each event id the one that was told last, and of what
// was told twice the same way the first receipt.
func (t *table[T]) arrange(rows []*T) []*T {
	slices.SortFunc(rows, t.compare)
	last := newest{}
	for _, row := range rows {
		note(last, t, row)
	}
	once := t.distinct(last)
	return slices.DeleteFunc(rows, func(row *T) bool { return !once(row) })
}

// compare orders rows by time, event id, from the newest version to the oldest, and
// receipt. Times are compared as they are stored, so that rows read back sort as they did.
func (t *table[T]) compare(a, b *T) int {
	if c := cmp.Compare(micros(t.at(a)), micros(t.at(b))); c != 0 {
		return c
	}
	x, y := t.id(a), t.id(b)
	return cmp.Or(bytes.Compare(x[:], y[:]), cmp.Compare(t.version(b), t.version(a)), cmp.Compare(t.observed(a), t.observed(b)))
}

// newest are the highest versions of event ids whose copies may stand apart.
type newest map[provisioning.ID]uint64

func note[T any](n newest, t *table[T], row *T) {
	if v := t.version(row); v > 0 && t.apart(row) {
		id := t.id(row)
		n[id] = max(n[id], v)
	}
}

// distinct returns a function that is asked about each row of a sorted sequence
// and says whether it is the one of its event id to be kept. Only ids whose copies may
// stand apart are remembered: the others are neighbours.
func (t *table[T]) distinct(last newest) func(*T) bool {
	var previous provisioning.ID
	seen := map[provisioning.ID]struct{}{}
	return func(row *T) bool {
		id := t.id(row)
		if !t.apart(row) {
			again := id == previous
			previous = id
			return !again
		}
		if _, again := seen[id]; again || t.version(row) < last[id] {
			return false
		}
		seen[id] = struct{}{}
		return true
	}
}
