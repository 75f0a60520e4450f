package columnar

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
)

// kind is a type of records, for what is done with each type in turn.
type kind interface {
	// columns are the names of the columns.
	columns() []string
	decode(d *decoder, to *Batch)
	// copy appends the rows of a batch to a builder.
	copy(from *Batch, to *Builder)
	// logs appends the rows of a batch as the processor emits them.
	logs(from *Batch, to plog.LogRecordSlice)
}

// rowsOf is the kind of the records T.
type rowsOf[T any] struct {
	at     int // in kinds and Batch.types
	schema *record.Schema[T]
	write  func(*T, plog.LogRecord)
}

var (
	activities      = rowsOf[record.Record]{0, record.Activities, record.WriteRecord}
	groups          = rowsOf[record.Group]{1, record.Groups, record.WriteGroup}
	quarantine      = rowsOf[record.Quarantined]{2, record.Quarantine, record.WriteQuarantined}
	reconciliations = rowsOf[record.Reconciliation]{3, record.Reconciliations, record.WriteReconciliation}
)

// kinds are in the order of the encoding.
var kinds = [types]kind{activities, groups, quarantine, reconciliations}

func (k rowsOf[T]) in(b *Batch) *Rows { return b.types()[k.at] }

func (k rowsOf[T]) columns() []string {
	names := make([]string, len(k.schema.Fields))
	for i := range names {
		names[i] = k.schema.Fields[i].Column
	}
	return names
}

func (k rowsOf[T]) decode(d *decoder, to *Batch) { readRows(d, to, k.in(to), k.schema) }

func (k rowsOf[T]) copy(from *Batch, to *Builder) {
	rows := k.all(from)
	for i := range rows {
		k.add(to, &rows[i])
	}
}

func (k rowsOf[T]) logs(from *Batch, to plog.LogRecordSlice) {
	rows := k.all(from)
	for i := range rows {
		k.write(&rows[i], to.AppendEmpty())
	}
}

func (k rowsOf[T]) all(from *Batch) []T {
	rows := make([]T, k.in(from).n)
	k.fill(from, rows)
	return rows
}

// fill writes the rows of a batch into as many elements, which are zero.
func (k rowsOf[T]) fill(from *Batch, to []T) {
	columns := k.in(from).columns
	for i := range k.schema.Fields {
		f, c := &k.schema.Fields[i], &columns[i]
		for at, n := range c.Texts {
			f.SetText(&to[at], from.texts[n])
		}
		for at, n := range c.Numbers {
			f.SetNumber(&to[at], n)
		}
		for at, id := range c.IDs {
			*f.ID(&to[at]) = id
		}
		for at, list := range c.Lists {
			var texts []string
			for _, n := range list {
				texts = append(texts, from.texts[n])
			}
			*f.Texts(&to[at]) = texts
		}
	}
}

func (k rowsOf[T]) add(to *Builder, row *T) {
	rows, last := k.in(to.batch), to.last[k.at]
	at, size := rows.n, fixedSize
	rows.n++
	for i := range k.schema.Fields {
		f, c := &k.schema.Fields[i], &rows.columns[i]
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
				l.text, l.index = s, to.text(s)
			}
			c.Texts = append(allocated(c.Texts, at, to.capacity), last[i].index)
		case record.ValueID:
			if id := *f.ID(row); c.IDs != nil || !id.IsZero() {
				c.IDs = append(allocated(c.IDs, at, to.capacity), id)
			}
		case record.ValueTexts:
			if texts := *f.Texts(row); c.Lists != nil || len(texts) > 0 {
				list := make([]uint32, len(texts))
				for i, s := range texts {
					list[i] = to.text(s)
					size += len(s)
				}
				c.Lists = append(allocated(c.Lists, at, to.capacity), list)
			}
		default:
			if n := f.Number(row); c.Numbers != nil || n != 0 {
				c.Numbers = append(allocated(c.Numbers, at, to.capacity), n)
			}
		}
	}
	rows.sizes = append(allocated(rows.sizes, at, to.capacity), uint32(size))
}
