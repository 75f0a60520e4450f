package columnar

import (
	"github.com/provtrail/provtrail/provisioning/record"
)

// Builder makes a batch.
type Builder struct {
	batch    *Batch
	capacity int // rows that a column is allocated for
	index    map[string]uint32
	last     [types][]text // of each column
}

// text is a text and its index.
type text struct {
	text  string
	index uint32
}

// NewBuilder returns a builder whose memory is sized for the given number of records;
// more may be added.
func NewBuilder(records int) *Builder {
	b := &Builder{batch: &Batch{texts: []string{""}}, capacity: max(records, 1), index: make(map[string]uint32, 4*records)}
	b.index[""] = 0
	for i, rows := range b.batch.types() {
		rows.columns = make([]Column, len(columnNames[i]))
		b.last[i] = make([]text, len(columnNames[i]))
	}
	return b
}

// Batch returns the batch. The builder must not be used after that.
func (b *Builder) Batch() *Batch {
	b.batch.encoded = &encoded{}
	return b.batch
}

// Activity appends an activity record.
func (b *Builder) Activity(r *record.Record) { activities.add(b, r) }

// Group appends a group record.
func (b *Builder) Group(g *record.Group) { groups.add(b, g) }

// Quarantined appends a quarantine record.
func (b *Builder) Quarantined(q *record.Quarantined) { quarantine.add(b, q) }

// Reconciliation appends a reconciliation record.
func (b *Builder) Reconciliation(r *record.Reconciliation) { reconciliations.add(b, r) }

// allocated makes a column when the first row has a value for it.
func allocated[T any](column []T, rows, capacity int) []T {
	if column == nil {
		return make([]T, rows, max(capacity, rows+1))
	}
	return column
}

func (b *Builder) text(s string) uint32 {
	n, ok := b.index[s]
	if !ok {
		n = uint32(len(b.batch.texts))
		b.index[s] = n
		b.batch.texts = append(b.batch.texts, s)
	}
	return n
}
