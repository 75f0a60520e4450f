package columnar

import (
	"github.com/provtrail/provtrail/provisioning/record"
)

// Builder makes a batch.
type Builder struct {
	batch    *Batch
	capacity int // rows that a column is allocated for
	index    map[string]uint32
	last     [3][]text // of each column
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
	for i, fields := range [...]int{len(record.Activities.Fields), len(record.Groups.Fields), len(record.Quarantine.Fields)} {
		b.batch.types()[i].columns = make([]Column, fields)
		b.last[i] = make([]text, fields)
	}
	return b
}

// Batch returns the batch. The builder must not be used after that.
func (b *Builder) Batch() *Batch {
	b.batch.encoded = &encoded{}
	return b.batch
}

// Activity appends an activity record.
func (b *Builder) Activity(r *record.Record) {
	add(b, &b.batch.Activities, b.last[0], record.Activities, r)
}

// Group appends a group record.
func (b *Builder) Group(g *record.Group) {
	add(b, &b.batch.Groups, b.last[1], record.Groups, g)
}

// Quarantined appends a quarantine record.
func (b *Builder) Quarantined(q *record.Quarantined) {
	add(b, &b.batch.Quarantined, b.last[2], record.Quarantine, q)
}

func add[T any](b *Builder, rows *Rows, last []text, s *record.Schema[T], row *T) {
	at, size := rows.n, fixedSize
	rows.n++
	for i := range s.Fields {
		f, c := &s.Fields[i], &rows.columns[i]
		switch f.Value {
		case record.ValueText:
			s := f.Text(row)
			if s == "" {
				if c.Texts != nil {
					c.Texts = append(c.Texts, 0)
				}
				continue
			}
			size += len(s)
			// Consecutive rows often have the same text, which saves looking it up.
			if l := &last[i]; s != l.text {
				l.text, l.index = s, b.text(s)
			}
			c.Texts = append(allocated(c.Texts, at, b.capacity), last[i].index)
		case record.ValueID:
			if id := *f.ID(row); c.IDs != nil || !id.IsZero() {
				c.IDs = append(allocated(c.IDs, at, b.capacity), id)
			}
		case record.ValueTexts:
			if texts := *f.Texts(row); c.Lists != nil || len(texts) > 0 {
				list := make([]uint32, len(texts))
				for i, s := range texts {
					list[i] = b.text(s)
					size += len(s)
				}
				c.Lists = append(allocated(c.Lists, at, b.capacity), list)
			}
		default:
			if n := f.Number(row); c.Numbers != nil || n != 0 {
				c.Numbers = append(allocated(c.Numbers, at, b.capacity), n)
			}
		}
	}
	rows.sizes = append(allocated(rows.sizes, at, b.capacity), uint32(size))
}

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
