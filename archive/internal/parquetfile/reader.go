package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
)

// Reader reads the rows of one file in their order.
type Reader[T any] struct {
	// Show, where it is set before the first row is read, is called with the texts of personal
	// columns and returns what the rows have in their place.
	Show func(column, text string) (string, error)

	name string
	file blobstore.Content
	// owned files are closed with the reader.
	owned   bool
	parquet *parquet.File
	want    []*column[T]
	groups  []parquet.RowGroup
	cursors []*cursor
	left    int64            // rows of the open row group
	shown   map[string]shown // by column
}

// OpenReader opens a file of this machine. Only the named columns are read and set; no
// name means all columns.
func OpenReader[T any](t *Table[T], path string, columns ...string) (_ *Reader[T], err error) {
	f, err := blobstore.OpenLocal(path)
	if err != nil {
		return nil, fmt.Errorf("read archive file %s: %w", path, err)
	}
	r, err := NewReader(t, path, f, columns)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.owned = true
	return r, nil
}

// NewReader reads an open file, which the caller closes after the reader. Only one
// reader of a file may be in use at a time.
func NewReader[T any](t *Table[T], name string, f blobstore.Content, columns []string) (*Reader[T], error) {
	r := &Reader[T]{name: name, file: f}
	if err := r.open(t, columns); err != nil {
		return nil, fmt.Errorf("read archive file %s: %w", name, err)
	}
	return r, nil
}

func (r *Reader[T]) open(t *Table[T], columns []string) (err error) {
	defer recovered(&err)
	r.parquet, err = parquet.OpenFile(r.file, r.file.Size(),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(r.file.ReadSize()))
	if err != nil {
		return err
	}
	if err := checkMetadata(r.parquet, t.name); err != nil {
		return err
	}
	for i := range t.columns {
		if c := &t.columns[i]; len(columns) == 0 || slices.Contains(columns, c.name) {
			r.want = append(r.want, c)
		}
	}
	if n := len(r.want); len(columns) > 0 && n != len(columns) {
		return fmt.Errorf("%d of the %d columns asked for exist", n, len(columns))
	}
	r.groups = r.parquet.RowGroups()
	return nil
}

func checkMetadata(f *parquet.File, table string) error {
	if is, _ := f.Lookup(MetaTable); is != table {
		return fmt.Errorf("holds table %q, want %q", is, table)
	}
	text, _ := f.Lookup(MetaVersion)
	version, err := strconv.Atoi(text)
	if err != nil || version != SchemaVersion {
		return fmt.Errorf("has schema version %q, this program reads %d: use the provtrail that wrote it", text, SchemaVersion)
	}
	return nil
}

// Rows is the number of rows of the file.
func (r *Reader[T]) Rows() int64 { return r.parquet.NumRows() }

// Period returns the least and the greatest occurred_at of the file from its statistics;
// false where it has none.
func (r *Reader[T]) Period() (first, last time.Time, ok bool) {
	leaf, found := r.parquet.Schema().Lookup("occurred_at")
	if !found {
		return first, last, false
	}
	for i, g := range r.parquet.RowGroups() {
		chunk, isFile := g.ColumnChunks()[leaf.ColumnIndex].(*parquet.FileColumnChunk)
		if !isFile {
			return first, last, false
		}
		low, high, found := chunk.Bounds()
		if !found {
			return first, last, false
		}
		from, to := time.UnixMicro(low.Int64()).UTC(), time.UnixMicro(high.Int64()).UTC()
		if i == 0 {
			first, last = from, to
		}
		if from.Before(first) {
			first = from
		}
		if to.After(last) {
			last = to
		}
	}
	return first, last, len(r.parquet.RowGroups()) > 0
}

// Read clears rows, fills them from the first on and returns how many it filled; io.EOF
// after the last. The text of the rows stays valid.
func (r *Reader[T]) Read(rows []T) (n int, err error) {
	defer func() {
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("read archive file %s: %w", r.name, err)
		}
	}()
	defer recovered(&err)
	for r.left == 0 {
		if len(r.groups) == 0 {
			return 0, io.EOF
		}
		if err := r.nextGroup(); err != nil {
			return 0, err
		}
	}
	n = int(min(int64(len(rows)), r.left))
	clear(rows[:n])
	for i, c := range r.want {
		values, err := r.cursors[i].read(n)
		if err == nil {
			err = r.show(c, values)
		}
		if err != nil {
			return 0, fmt.Errorf("column %s: %w", c.name, err)
		}
		for j, v := range values {
			if err := c.set(&rows[j], v); err != nil {
				return 0, fmt.Errorf("column %s: %w", c.name, err)
			}
		}
	}
	r.left -= int64(n)
	return n, nil
}

func (r *Reader[T]) nextGroup() error {
	g := r.groups[0]
	r.groups, r.left = r.groups[1:], g.NumRows()
	for _, c := range r.cursors {
		if err := c.close(); err != nil {
			return err
		}
	}
	r.cursors = r.cursors[:0]
	for _, c := range r.want {
		leaf, ok := g.Schema().Lookup(c.name)
		if !ok {
			return fmt.Errorf("column %s is missing", c.name)
		}
		if have := leaf.Node.Type().Kind(); have != c.node.Type().Kind() {
			return fmt.Errorf("column %s is %s, want %s", c.name, have, c.node.Type().Kind())
		}
		r.cursors = append(r.cursors, newCursor(g.ColumnChunks()[leaf.ColumnIndex]))
	}
	return nil
}

// Close closes the file.
func (r *Reader[T]) Close() (err error) {
	for _, c := range r.cursors {
		err = errors.Join(err, c.close())
	}
	r.cursors = nil
	if r.owned {
		r.owned = false
		err = errors.Join(err, r.file.Close())
	}
	return err
}

// recovered turns a panic of parquet-go about a damaged file into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is damaged: %v", p)
	}
}
