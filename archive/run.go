package archive

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/provtrail/provtrail/internal/columnar"
)

// A run is what one round of a merge leaves to the next: sorted rows in batches, each
// behind its length, and a length of 0 at the end. Whoever reads it has one batch in memory,
// where a reader of Parquet has the places and bounds of every column of every row group.
const (
	runRows  = 256
	runBytes = 256 << 10 // of text
)

// runWriter writes a run.
type runWriter[T any] struct {
	table *table[T]
	to    io.Writer
	batch *columnar.Builder
	rows  int // of the batch
	bytes int
}

func newRunWriter[T any](t *table[T], to io.Writer) *runWriter[T] {
	return &runWriter[T]{table: t, to: to, batch: columnar.NewBuilder(runRows)}
}

func (w *runWriter[T]) write(rows []*T) error {
	for _, row := range rows {
		w.table.build(w.batch, row)
		w.rows++
		if w.bytes += w.table.size(row); w.rows == runRows || w.bytes >= runBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *runWriter[T]) flush() error {
	item := w.batch.Batch().Encode()
	w.batch, w.rows, w.bytes = columnar.NewBuilder(w.rows), 0, 0
	if _, err := w.to.Write(binary.AppendUvarint(nil, uint64(len(item)))); err != nil {
		return err
	}
	_, err := w.to.Write(item)
	return err
}

func (w *runWriter[T]) close() error {
	if w.rows > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	_, err := w.to.Write([]byte{0})
	return err
}

// runReader reads a run.
type runReader[T any] struct {
	table *table[T]
	path  string
	file  *os.File
	from  *bufio.Reader
	item  bytes.Buffer
	rows  []T
}

func openRun[T any](t *table[T], path string) (*runReader[T], error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &runReader[T]{table: t, path: path, file: f, from: bufio.NewReaderSize(f, readBytes), rows: make([]T, runRows)}, nil
}

// read returns the next rows, which are valid until the next call; io.EOF after the last.
func (r *runReader[T]) read() ([]T, error) {
	size, err := binary.ReadUvarint(r.from)
	if err == nil && size == 0 {
		if _, err = r.from.ReadByte(); err == nil {
			err = errors.New("bytes stand behind its end")
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
	if err == nil && batch.Len() > runRows {
		err = fmt.Errorf("a batch has %d rows", batch.Len())
	}
	if err != nil {
		return nil, fmt.Errorf("read temporary file %s: %w", r.path, unexpected(err))
	}
	rows := r.rows[:batch.Len()]
	clear(rows)
	r.table.fill(batch, rows)
	return rows, nil
}

func (r *runReader[T]) Close() error { return r.file.Close() }
