package columns

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Table makes blocks of one table's rows, with a column for each field of their schema. It
// reuses the memory of one block for the next.
type Table struct {
	Name  string
	Input proto.Input

	columns []column
	rowsOf  func(*columnar.Batch) *columnar.Rows
	// finalize computes the values that depend on several fields; nil for none.
	finalize func(rows *columnar.Rows)
	names    string
}

// column is a column of a block.
type column interface {
	proto.ColInput
	proto.Resettable
	// append adds n values.
	append(b *columnar.Batch, c *columnar.Column, n int)
}

// newTable returns a table for the rows of a schema. timeOf makes the columns of times.
func newTable[T any](name string, s *record.Schema[T], rowsOf func(*columnar.Batch) *columnar.Rows, timeOf func(name string) column) *Table {
	t := &Table{Name: name, rowsOf: rowsOf}
	for i := range s.Fields {
		var c column
		switch f := &s.Fields[i]; f.Value {
		case record.ValueText:
			c = new(lowCardinality)
		case record.ValueStatus:
			c = new(status)
		case record.ValueTexts:
			c = newList()
		case record.ValueID:
			c = new(hexID)
		case record.ValueBool:
			c = new(flag)
		case record.ValueInt:
			c = new(number)
		case record.ValueUint:
			c = new(count)
		case record.ValueTime:
			c = timeOf(f.Column)
		}
		t.add(s.Fields[i].Column, c)
		t.columns = append(t.columns, c)
	}
	return t
}

func (t *Table) add(name string, c proto.ColInput) {
	t.Input = append(t.Input, proto.InputColumn{Name: name, Data: c})
	t.names = strings.TrimPrefix(t.names+", "+name, ", ")
}

// Names is the list of columns for an INSERT.
func (t *Table) Names() string { return t.names }

// Rows is the number of rows that the batches have for the table.
func (t *Table) Rows(batches []*columnar.Batch) (n int) {
	for _, b := range batches {
		n += t.rowsOf(b).Len()
	}
	return n
}

// Token identifies the rows of the batches for ClickHouse's deduplication. The same batches
// have the same token in every process.
func (t *Table) Token(batches []*columnar.Batch) string {
	token := fmt.Appendf(nil, "%s-%d", t.Name, t.Rows(batches))
	for _, b := range batches {
		if t.rowsOf(b).Len() > 0 {
			token = fmt.Appendf(token, "-%016x", b.Digest())
		}
	}
	return string(token)
}

// blockRows is the maximum number of rows of a block. The server joins the blocks of an
// insert.
const blockRows = 4096

// Blocks returns a function that fills Input with the next block of the batches' rows,
// until it returns io.EOF.
func (t *Table) Blocks(batches []*columnar.Batch) func(context.Context) error {
	t.Input.Reset()
	at := 0 // row of the first batch
	return func(context.Context) error {
		t.Input.Reset()
		for len(batches) > 0 && at >= t.rowsOf(batches[0]).Len() {
			batches, at = batches[1:], 0
		}
		if len(batches) == 0 {
			return io.EOF
		}
		b := batches[0]
		rows := t.rowsOf(b)
		slice := rows.Slice(at, min(at+blockRows, rows.Len()))
		t.append(b, &slice)
		at += slice.Len()
		return nil
	}
}

func (t *Table) append(b *columnar.Batch, rows *columnar.Rows) {
	for i, c := range t.columns {
		c.append(b, rows.Column(i), rows.Len())
	}
	if t.finalize != nil {
		t.finalize(rows)
	}
}

// Bytes is the size of the texts of the block, which are most of it.
func (t *Table) Bytes() (n int) {
	for _, c := range t.columns {
		if c, ok := c.(interface{ size() int }); ok {
			n += c.size()
		}
	}
	return n
}
