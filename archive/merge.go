package archive

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// merged says what a merge wrote.
type merged struct {
	rows, repeated int64
	first, last    pcommon.Timestamp
	tree           tree
}

func (m merged) period() (first, last *time.Time) {
	if m.rows == 0 {
		return nil, nil
	}
	from, to := m.first.AsTime().Truncate(time.Microsecond), m.last.AsTime().Truncate(time.Microsecond)
	return &from, &to
}

// How many files are open at once; more are merged in several rounds. Of a file the
// dictionaries of a row group and a page of every column are in memory, of a run one batch.
const (
	fanIn     = 4
	fanInRuns = 64
	// batchRows of each file are in memory.
	batchRows = 128
)

// damagedError names a source file that cannot be read.
type damagedError struct {
	path string
	name string // within the archive
	err  error
}

func (e *damagedError) Error() string { return e.err.Error() }
func (e *damagedError) Unwrap() error { return e.err }

// merge writes the rows of sorted files into one sorted file, each event id once, and
// what names the file to ids.
func (t *table[T]) merge(ctx context.Context, a *Archive, files []string, to, ids io.Writer) (m merged, err error) {
	last, err := t.newest(files)
	if err != nil {
		return m, err
	}
	var runs []string
	defer func() {
		for _, name := range runs {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	var repeated int64
	toRun := func(sources []*source[T], err error) error {
		if err != nil {
			return err
		}
		name, err := a.store.temporary(func(w io.Writer) error {
			part, err := t.mergeOnce(ctx, sources, last, newRunWriter(t, w), nil)
			repeated += part.repeated
			return err
		})
		if err == nil {
			runs = append(runs, name)
		}
		return err
	}
	if len(files) > fanIn {
		for part := range slices.Chunk(files, fanIn) {
			if err := toRun(t.open(part, nil)); err != nil {
				return m, err
			}
		}
		files = nil
	}
	for len(runs) > fanInRuns {
		n := min(fanInRuns, len(runs)-fanInRuns+1)
		if err := toRun(t.open(nil, runs[:n])); err != nil {
			return m, err
		}
		for _, name := range runs[:n] {
			err = errors.Join(err, os.Remove(name))
		}
		if runs = runs[n:]; err != nil {
			return m, err
		}
	}
	sources, err := t.open(files, runs)
	if err != nil {
		return m, err
	}
	var leaf leaves[T]
	m, err = t.mergeOnce(ctx, sources, last, newEncoder(t, to, codec), func(m *merged, row *T) error {
		m.tree.add(leaf.of(t, row))
		return t.writeName(ids, row)
	})
	m.repeated += repeated
	return m, err
}

// open opens the files and runs of a merge.
func (t *table[T]) open(files, runs []string) (sources []*source[T], err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(sources))
		}
	}()
	for _, path := range files {
		r, err := openReader(t, path, nil)
		if err != nil {
			return sources, &damagedError{path: path, err: err}
		}
		sources = append(sources, &source[T]{from: &batches[T]{Reader: r, rows: make([]T, batchRows)}})
	}
	for _, path := range runs {
		r, err := openRun(t, path)
		if err != nil {
			return sources, err
		}
		sources = append(sources, &source[T]{from: r})
	}
	return sources, nil
}

// output takes the rows of a merge.
type output[T any] interface {
	write([]*T) error
	close() error
}

// mergeOnce merges sources, which it closes, of the given newest versions into one output.
// each (nil: nothing) is told of every row that is kept.
func (t *table[T]) mergeOnce(ctx context.Context, sources []*source[T], last newest, to output[T], each func(*merged, *T) error) (m merged, err error) {
	defer func() { err = errors.Join(err, closeAll(sources)) }()
	q := &queue[T]{table: t}
	for _, s := range sources {
		if more, err := s.next(); err != nil {
			return m, err
		} else if more {
			q.live = append(q.live, s)
		}
	}
	heap.Init(q)
	once := t.distinct(last)
	out, pointers := make([]T, 0, batchRows), make([]*T, batchRows)
	for i := range pointers {
		pointers[i] = &out[:batchRows][i]
	}
	for len(q.live) > 0 {
		s := q.live[0]
		if row := s.row(); once(row) {
			if m.rows == 0 {
				m.first = t.at(row)
			}
			m.rows, m.last = m.rows+1, t.at(row)
			if each != nil {
				if err := each(&m, row); err != nil {
					return m, err
				}
			}
			if out = append(out, *row); len(out) == cap(out) {
				if err := errors.Join(ctx.Err(), to.write(pointers)); err != nil {
					return m, err
				}
				out = out[:0]
			}
		} else {
			m.repeated++
		}
		if more, err := s.next(); err != nil {
			return m, err
		} else if !more {
			heap.Pop(q)
		} else {
			heap.Fix(q, 0)
		}
	}
	if err := to.write(pointers[:len(out)]); err != nil {
		return m, err
	}
	return m, to.close()
}

// newest reads from sorted files which copies of an event that stand apart were told last.
func (t *table[T]) newest(files []string) (newest, error) {
	last := newest{}
	if t.column("version") == nil {
		return last, nil
	}
	rows := make([]T, batchRows)
	for _, path := range files {
		r, err := openReader(t, path, []string{"event_id", "version", "record_type", "occurred_at", "timed"})
		if err != nil {
			return nil, &damagedError{path: path, err: err}
		}
		s := &source[T]{from: &batches[T]{Reader: r, rows: rows}}
		more, err := s.next()
		for ; more && err == nil; more, err = s.next() {
			note(last, t, s.row())
		}
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
	}
	return last, nil
}

// source is what a merge reads, in its order.
type source[T any] struct {
	from interface {
		read() ([]T, error)
		Close() error
	}
	rows []T
	at   int
}

func (s *source[T]) row() *T { return &s.rows[s.at] }

// next steps to the next row, the first at first.
func (s *source[T]) next() (more bool, err error) {
	if s.at++; s.at < len(s.rows) {
		return true, nil
	}
	s.at = 0
	s.rows, err = s.from.read()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

func closeAll[T any](sources []*source[T]) (err error) {
	for _, s := range sources {
		err = errors.Join(err, s.from.Close())
	}
	return err
}

// batches reads a file so many rows at a time.
type batches[T any] struct {
	*Reader[T]
	rows []T
}

func (b *batches[T]) read() ([]T, error) {
	n, err := b.Read(b.rows)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &damagedError{path: b.path, err: err}
	}
	return b.rows[:n], err
}

// queue is a heap of the sources by their current row.
type queue[T any] struct {
	table *table[T]
	live  []*source[T]
}

func (q *queue[T]) Len() int           { return len(q.live) }
func (q *queue[T]) Less(i, j int) bool { return q.table.compare(q.live[i].row(), q.live[j].row()) < 0 }
func (q *queue[T]) Swap(i, j int)      { q.live[i], q.live[j] = q.live[j], q.live[i] }
func (q *queue[T]) Push(x any)         { q.live = append(q.live, x.(*source[T])) }

func (q *queue[T]) Pop() any {
	last := q.live[len(q.live)-1]
	q.live = q.live[:len(q.live)-1]
	return last
}
