package columns

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
)

// Rows is a block of records of one sort: a column for each field of its schema.
type Rows struct {
	Block
	columns []column
}

// column is a column of a block.
type column interface {
	proto.ColInput
	proto.Resettable
	// append adds n values.
	append(b *columnar.Batch, c *columnar.Column, n int)
}

// newRows returns an empty block. timeOf makes the columns of times.
func newRows[T any](table string, s *provisioning.Schema[T], timeOf func(name string) column) *Rows {
	r := &Rows{Block: Block{Table: table}}
	for i := range s.Fields {
		var c column
		switch f := &s.Fields[i]; f.Value {
		case provisioning.ValueText:
			c = new(word)
		case provisioning.ValueStatus:
			c = new(status)
		case provisioning.ValueTexts:
			c = newList()
		case provisioning.ValueID:
			c = new(hexID)
		case provisioning.ValueBool:
			c = new(flag)
		case provisioning.ValueInt:
			c = new(number)
		case provisioning.ValueUint:
			c = new(count)
		case provisioning.ValueTime:
			c = timeOf(f.Column)
		}
		r.add(s.Fields[i].Column, c)
		r.columns = append(r.columns, c)
	}
	return r
}

func (r *Rows) append(b *columnar.Batch, rows *columnar.Rows) {
	if rows.Len() == 0 {
		return
	}
	for i, c := range r.columns {
		c.append(b, rows.Column(i), rows.Len())
	}
}
