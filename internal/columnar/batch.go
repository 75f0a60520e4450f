package columnar

import (
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// Batch is records of the three sorts.
type Batch struct {
	// texts are the distinct texts of all columns, which name them by number. Number 0 is
	// the empty text.
	texts []string

	Activities  Rows
	Groups      Rows
	Quarantined Rows

	// A part of another batch begins at its record from.
	whole *Batch
	from  int

	encoded *encoded
	digest  struct {
		once sync.Once
		sum  uint64
	}
}

// Rows are the records of one sort. Their columns are the fields of its schema.
type Rows struct {
	n       int
	columns []Column
	sizes   []uint32 // bytes of each row, see Batch.Size
}

// Column is the values of one field, one of the slices by its type. All are nil where no
// row has a value.
type Column struct {
	Texts   []uint32          // ValueText: numbers for Batch.Text
	Lists   [][]uint32        // ValueTexts
	IDs     []provisioning.ID // ValueID
	Numbers []int64           // what FieldOf.Number gives
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// Column returns the values of the schema's field i.
func (r *Rows) Column(i int) *Column { return &r.columns[i] }

// Text returns a text by its number.
func (b *Batch) Text(n uint32) string { return b.texts[n] }

// Texts is how many distinct texts there are.
func (b *Batch) Texts() int { return len(b.texts) }

// Len is the number of records of all sorts.
func (b *Batch) Len() int { return b.Activities.n + b.Groups.n + b.Quarantined.n }

// fixedSize is what a record's values that are no texts come to, roughly.
const fixedSize = 128

// Size is about how many bytes the records have: all their texts, and an allowance for
// the rest of each.
func (b *Batch) Size() (bytes int) {
	for _, rows := range b.sorts() {
		for _, size := range rows.sizes {
			bytes += int(size)
		}
	}
	return bytes
}

func (b *Batch) sorts() [3]*Rows { return [...]*Rows{&b.Activities, &b.Groups, &b.Quarantined} }

// Cut divides the batch after its first n records. The parts share its memory.
func (b *Batch) Cut(n int) (head, tail *Batch) {
	head, tail = &Batch{texts: b.texts, whole: b}, &Batch{texts: b.texts, whole: b, from: n}
	heads, tails := head.sorts(), tail.sorts()
	for i, rows := range b.sorts() {
		at := min(n, rows.n)
		n -= at
		*heads[i], *tails[i] = rows.Part(0, at), rows.Part(at, rows.n)
	}
	return head, tail
}

// Len is the number of records of all batches.
func Len(batches []*Batch) (n int) {
	for _, b := range batches {
		n += b.Len()
	}
	return n
}

// Cut divides batches after their first n records.
func Cut(batches []*Batch, n int) (head, tail []*Batch) {
	for i, b := range batches {
		if n < b.Len() {
			first, second := b.Cut(n)
			if n > 0 {
				head = append(head, first)
			}
			return head, append([]*Batch{second}, batches[i+1:]...)
		}
		n -= b.Len()
		head = append(head, b)
	}
	return head, nil
}

// Fit is how many of the first records come to at most limit bytes.
func (b *Batch) Fit(limit int) (n int) {
	for _, rows := range b.sorts() {
		for _, size := range rows.sizes {
			if limit -= int(size); limit < 0 {
				return n
			}
			n++
		}
	}
	return n
}

// Join makes one batch of several.
func Join(batches []*Batch) *Batch {
	if len(batches) == 1 {
		return batches[0]
	}
	to := NewBuilder(Len(batches))
	for _, b := range batches {
		activities, groups, quarantined := b.rows()
		for i := range activities {
			to.Activity(&activities[i])
		}
		for i := range groups {
			to.Group(&groups[i])
		}
		for i := range quarantined {
			to.Quarantined(&quarantined[i])
		}
	}
	return to.Batch()
}

// Part is the rows from one to before another. It shares their memory.
func (r *Rows) Part(from, to int) Rows {
	if from == to {
		return Rows{columns: make([]Column, len(r.columns))}
	}
	out := Rows{n: to - from, columns: make([]Column, len(r.columns)), sizes: r.sizes[from:to]}
	for i, c := range r.columns {
		out.columns[i] = Column{part(c.Texts, from, to), part(c.Lists, from, to), part(c.IDs, from, to), part(c.Numbers, from, to)}
	}
	return out
}

func part[T any](list []T, from, to int) []T {
	if list == nil {
		return nil
	}
	return list[from:to]
}
