package archive

import (
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning"
)

// encoder writes rows column by column. It serves one file: parquet-go's Reset
// loses the sorting columns (v0.32.0).
type encoder[T any] struct {
	table   *table[T]
	writer  *parquet.Writer
	values  []parquet.Value
	scratch []byte
	// rows and bytes (before compression) of the open row group
	rows, bytes int
}

func newEncoder[T any](t *table[T], to io.Writer) *encoder[T] {
	return &encoder[T]{table: t, writer: parquet.NewWriter(to, t.config())}
}

// chunk is how many rows are written at once, column by column.
const chunk = 1024

// write appends sorted rows. A row group is in memory, compressed, until it is full.
func (e *encoder[T]) write(rows []*T) error {
	for part := range slices.Chunk(rows, chunk) {
		for i, w := range e.writer.ColumnWriters() {
			if err := e.writeColumn(w, &e.table.columns[i], part); err != nil {
				return err
			}
		}
		e.rows += len(part)
		for _, row := range part {
			e.bytes += e.table.size(row)
		}
		if e.rows >= rowGroupRows || e.bytes >= rowGroupBytes {
			if err := e.writer.Flush(); err != nil {
				return err
			}
			e.rows, e.bytes = 0, 0
		}
	}
	return nil
}

func (e *encoder[T]) writeColumn(w *parquet.ColumnWriter, c *column[T], rows []*T) error {
	optional := c.node.Optional()
	e.values, e.scratch = e.values[:0], e.scratch[:0]
	for _, row := range rows {
		v := c.value(row, &e.scratch)
		if optional && !v.IsNull() {
			v = v.Level(0, 1, 0)
		}
		e.values = append(e.values, v)
	}
	_, err := w.WriteRowValues(e.values)
	return err
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

// RecordWriter writes activity records as a file like those of the archive, in the
// order in which they come.
type RecordWriter struct {
	encoder  *encoder[provisioning.Record]
	pointers []*provisioning.Record
}

// NewRecordWriter begins a file.
func NewRecordWriter(to io.Writer) *RecordWriter {
	return &RecordWriter{encoder: newEncoder(unsorted, to)}
}

// unsorted is the table of activities without the promise that its rows are in order.
var unsorted = func() *table[provisioning.Record] {
	t := *activities
	t.unsorted = true
	return &t
}()

// Write appends records, which may be used again afterwards.
func (w *RecordWriter) Write(records []provisioning.Record) error {
	w.pointers = w.pointers[:0]
	for i := range records {
		w.pointers = append(w.pointers, &records[i])
	}
	return w.encoder.write(w.pointers)
}

// Close writes the footer.
func (w *RecordWriter) Close() error { return w.encoder.close() }
