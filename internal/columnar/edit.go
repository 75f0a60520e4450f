package columnar

import "slices"

// Edit makes a batch that differs from another one in the texts of some columns. It leaves
// the other one as it is, and the two share what is the same.
type Edit struct{ batch *Batch }

// Edit begins a changed copy of a batch.
func (b *Batch) Edit() *Edit {
	e := &Edit{&Batch{texts: slices.Clone(b.texts), encoded: &encoded{}}}
	to := e.batch.types()
	for i, rows := range b.types() {
		*to[i] = Rows{n: rows.n, columns: slices.Clone(rows.columns), sizes: rows.sizes}
	}
	return e
}

// Text adds a text and returns its index.
func (e *Edit) Text(text string) uint32 {
	e.batch.texts = append(e.batch.texts, text)
	return uint32(len(e.batch.texts) - 1)
}

// Replace gives f(row, index of its text) in place of each text of a column that is not
// empty. in chooses the type of records.
func (e *Edit) Replace(in func(*Batch) *Rows, column int, f func(row int, text uint32) uint32) {
	c := &in(e.batch).columns[column]
	c.Texts = slices.Clone(c.Texts)
	for row, text := range c.Texts {
		if text != 0 {
			c.Texts[row] = f(row, text)
		}
	}
}

// Batch returns the changed copy. The edit must not be used after that.
func (e *Edit) Batch() *Batch { return e.batch }
