package columnar

import (
	"github.com/provtrail/provtrail/provisioning/record"
)

// Builder makes a batch.
type Builder struct {
	batch  *Batch
	room   int // rows that a column is made for
	number map[string]uint32
	last   [3][]text // of each column
}

// text is a text and its number.
type text struct {
	text   string
	number uint32
}

// NewBuilder begins a batch of about so many records.
func NewBuilder(records int) *Builder {
	b := &Builder{batch: &Batch{texts: []string{""}}, room: max(records, 1), number: make(map[string]uint32, 4*records)}
	b.number[""] = 0
	for i, fields := range [...]int{len(record.Activities.Fields), len(record.Groups.Fields), len(record.Quarantine.Fields)} {
		b.batch.sorts()[i].columns = make([]Column, fields)
		b.last[i] = make([]text, fields)
	}
	return b
}

// Batch ends the building.
func (b *Builder) Batch() *Batch {
	b.batch.encoded = &encoded{}
	return b.batch
}

// Activity appends a record of an observation or a state.
func (b *Builder) Activity(r *record.Record) {
	add(b, &b.batch.Activities, b.last[0], record.Activities, r)
}

// Group appends a group's summary.
func (b *Builder) Group(g *record.Group) {
	add(b, &b.batch.Groups, b.last[1], record.Groups, g)
}

// Quarantined appends quarantined data.
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
			// Neighbours often say the same.
			if l := &last[i]; s != l.text {
				l.text, l.number = s, b.text(s)
			}
			c.Texts = append(begun(c.Texts, at, b.room), last[i].number)
		case record.ValueID:
			if id := *f.ID(row); c.IDs != nil || !id.IsZero() {
				c.IDs = append(begun(c.IDs, at, b.room), id)
			}
		case record.ValueTexts:
			if texts := *f.Texts(row); c.Lists != nil || len(texts) > 0 {
				list := make([]uint32, len(texts))
				for i, s := range texts {
					list[i] = b.text(s)
					size += len(s)
				}
				c.Lists = append(begun(c.Lists, at, b.room), list)
			}
		default:
			if n := f.Number(row); c.Numbers != nil || n != 0 {
				c.Numbers = append(begun(c.Numbers, at, b.room), n)
			}
		}
	}
	rows.sizes = append(begun(rows.sizes, at, b.room), uint32(size))
}

// begun makes a column when the first row has a value for it.
func begun[T any](column []T, rows, room int) []T {
	if column == nil {
		return make([]T, rows, max(room, rows+1))
	}
	return column
}

func (b *Builder) text(s string) uint32 {
	n, ok := b.number[s]
	if !ok {
		n = uint32(len(b.batch.texts))
		b.number[s] = n
		b.batch.texts = append(b.batch.texts, s)
	}
	return n
}
