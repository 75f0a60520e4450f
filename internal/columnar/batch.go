package columnar

import (
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// Batch is records of the four types. It is read-only.
type Batch struct {
	// texts are the distinct texts of all columns, which refer to them by index. Index 0 is
	// the empty text.
	texts []string

	Activities      Rows
	Groups          Rows
	Quarantined     Rows
	Reconciliations Rows

	// A slice of another batch: the parent and the index of its first record there.
	parent *Batch
	from   int

	encoded *encoded
	digest  struct {
		once sync.Once
		sum  uint64
	}
}

// Rows are the records of one type. Their columns are the fields of its schema.
type Rows struct {
	n       int
	columns []Column
	sizes   []uint32 // bytes of each row, see Batch.Size
}

// Column is the values of one field, one of the slices by its type. All are nil where no
// row has a value.
type Column struct {
	Texts   []uint32          // ValueText: indexes for Batch.Text
	Lists   [][]uint32        // ValueTexts
	IDs     []provisioning.ID // ValueID
	Numbers []int64           // what FieldOf.Number gives
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// Column returns the values of the schema's field i.
func (r *Rows) Column(i int) *Column { return &r.columns[i] }

// Text returns a text by its index.
func (b *Batch) Text(n uint32) string { return b.texts[n] }

// Texts is the number of distinct texts.
func (b *Batch) Texts() int { return len(b.texts) }

// Len is the number of records of all types.
func (b *Batch) Len() (n int) {
	for _, rows := range b.types() {
		n += rows.n
	}
	return n
}

// fixedSize approximates the bytes of a record's values other than texts.
const fixedSize = 128

// Size approximates the bytes of the records: the length of their texts, and fixedSize
// each.
func (b *Batch) Size() (bytes int) {
	for _, rows := range b.types() {
		for _, size := range rows.sizes {
			bytes += int(size)
		}
	}
	return bytes
}

// types is the number of types of records.
const types = 4

// types are in the order of kinds.
func (b *Batch) types() [types]*Rows {
	return [...]*Rows{&b.Activities, &b.Groups, &b.Quarantined, &b.Reconciliations}
}

// Split returns the first n records and the others. Both share the batch's memory.
func (b *Batch) Split(n int) (head, tail *Batch) {
	head, tail = &Batch{texts: b.texts, parent: b}, &Batch{texts: b.texts, parent: b, from: n}
	heads, tails := head.types(), tail.types()
	for i, rows := range b.types() {
		at := min(n, rows.n)
		n -= at
		*heads[i], *tails[i] = rows.Slice(0, at), rows.Slice(at, rows.n)
	}
	return head, tail
}

// PrefixUnder is the number of first records whose sizes add up to at most limit bytes.
func (b *Batch) PrefixUnder(limit int) (n int) {
	for _, rows := range b.types() {
		for _, size := range rows.sizes {
			if limit -= int(size); limit < 0 {
				return n
			}
			n++
		}
	}
	return n
}

// Slice returns the rows [from, to). They share the memory of r.
func (r *Rows) Slice(from, to int) Rows {
	if from == to {
		return Rows{columns: make([]Column, len(r.columns))}
	}
	out := Rows{n: to - from, columns: make([]Column, len(r.columns)), sizes: r.sizes[from:to]}
	for i, c := range r.columns {
		out.columns[i] = Column{slice(c.Texts, from, to), slice(c.Lists, from, to), slice(c.IDs, from, to), slice(c.Numbers, from, to)}
	}
	return out
}

func slice[T any](list []T, from, to int) []T {
	if list == nil {
		return nil
	}
	return list[from:to]
}
