package compact

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/columnar"
)

// A spill file is what one round of a merge leaves to the next: sorted rows in encoded
// batches of columns, each after its length, and a length of 0 at the end. A reader has
// one batch in memory, where a Parquet reader has the bounds of every column of every
// row group.
const (
	spillRows  = 256
	spillBytes = 256 << 10 // of text
)

// spillWriter writes a spill file.
type spillWriter[T any] struct {
	table *parquetfile.Table[T]
	to    io.Writer
	batch *columnar.Builder
	rows  int // of the batch
	bytes int
}

func newSpillWriter[T any](t *parquetfile.Table[T], to io.Writer) *spillWriter[T] {
	return &spillWriter[T]{table: t, to: to, batch: columnar.NewBuilder(spillRows)}
}

// WriteRows appends rows.
func (w *spillWriter[T]) WriteRows(rows []*T) error {
	for _, row := range rows {
		w.table.Build(w.batch, row)
		w.rows++
		if w.bytes += w.table.Size(row); w.rows == spillRows || w.bytes >= spillBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *spillWriter[T]) flush() error {
	item := w.batch.Batch().Encode()
	w.batch, w.rows, w.bytes = columnar.NewBuilder(w.rows), 0, 0
	if _, err := w.to.Write(binary.AppendUvarint(nil, uint64(len(item)))); err != nil {
		return err
	}
	_, err := w.to.Write(item)
	return err
}

// Close writes the end of the spill file.
func (w *spillWriter[T]) Close() error {
	if w.rows > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	_, err := w.to.Write([]byte{0})
	return err
}

// spillReader reads a spill file.
type spillReader[T any] struct {
	table *parquetfile.Table[T]
	path  string
	file  *os.File
	from  *bufio.Reader
	item  bytes.Buffer
	rows  []T
}

const spillBuffer = 16 << 10

func openSpill[T any](t *parquetfile.Table[T], path string) (*spillReader[T], error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &spillReader[T]{table: t, path: path, file: f, from: bufio.NewReaderSize(f, spillBuffer), rows: make([]T, spillRows)}, nil
}

// read returns the next rows, which are valid until the next call; io.EOF after the
// last.
func (r *spillReader[T]) read() ([]T, error) {
	size, err := binary.ReadUvarint(r.from)
	if err == nil && size == 0 {
		if _, err = r.from.ReadByte(); err == nil {
			err = errors.New("there are bytes after its end")
		}
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
	}
	if err == nil {
		r.item.Reset()
		_, err = io.CopyN(&r.item, r.from, int64(size))
	}
	var batch *columnar.Batch
	if err == nil {
		batch, err = columnar.Decode(r.item.Bytes())
	}
	if err == nil && batch.Len() > spillRows {
		err = fmt.Errorf("a batch has %d rows", batch.Len())
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("read spill file %s: %w", r.path, err)
	}
	rows := r.rows[:batch.Len()]
	clear(rows)
	r.table.Fill(batch, rows)
	return rows, nil
}

// Close closes the file.
func (r *spillReader[T]) Close() error { return r.file.Close() }
