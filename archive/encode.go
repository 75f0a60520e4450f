package archive

import (
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// encoder writes rows column by column. It serves one file: parquet-go's Reset
// loses the sorting columns (v0.32.0).
type encoder[T any] struct {
	table   *table[T]
	writer  *parquet.Writer
	values  []parquet.Value
	scratch []byte
	pending int // rows of the open row group
}

func newEncoder[T any](t *table[T], to io.Writer) *encoder[T] {
	return &encoder[T]{table: t, writer: parquet.NewWriter(to, t.config())}
}

// chunk is how many values of one column are handed over at once.
const chunk = 512

// write appends sorted rows.
func (e *encoder[T]) write(rows []*T) error {
	for len(rows) > 0 {
		n := min(len(rows), rowGroupRows-e.pending)
		for i, w := range e.writer.ColumnWriters() {
			if err := e.writeColumn(w, &e.table.columns[i], rows[:n]); err != nil {
				return err
			}
		}
		rows = rows[n:]
		if e.pending += n; e.pending >= rowGroupRows {
			if err := e.writer.Flush(); err != nil {
				return err
			}
			e.pending = 0
		}
	}
	return nil
}

func (e *encoder[T]) writeColumn(w *parquet.ColumnWriter, c *column[T], rows []*T) error {
	optional := c.node.Optional()
	for part := range slices.Chunk(rows, chunk) {
		e.values, e.scratch = e.values[:0], e.scratch[:0]
		for _, row := range part {
			v := c.value(row, &e.scratch)
			if optional && !v.IsNull() {
				v = v.Level(0, 1, 0)
			}
			e.values = append(e.values, v)
		}
		if _, err := w.WriteRowValues(e.values); err != nil {
			return err
		}
	}
	return nil
}

// close writes the footer.
func (e *encoder[T]) close() error { return e.writer.Close() }

// writeFile writes a whole file.
func writeFile[T any](t *table[T], to io.Writer, rows []*T) error {
	e := newEncoder(t, to)
	if err := e.write(rows); err != nil {
		return err
	}
	return e.close()
}
