package archive

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"os"
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

const (
	// fanIn files are open at once; more are merged in several rounds.
	fanIn = 16
	// batchRows of each are in memory.
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
// what names the file to ids (nil: it is only temporary).
func (t *table[T]) merge(ctx context.Context, a *Archive, sources []string, to, ids io.Writer) (m merged, err error) {
	var temporary []string
	defer func() {
		for _, name := range temporary {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	for len(sources) > fanIn {
		name, err := a.store.temporary(func(w io.Writer) error {
			part, err := t.mergeOnce(ctx, sources[:fanIn], w, nil)
			m.repeated += part.repeated
			return err
		})
		if err != nil {
			return m, err
		}
		temporary = append(temporary, name)
		sources = append(sources[fanIn:len(sources):len(sources)], name)
	}
	last, err := t.mergeOnce(ctx, sources, to, ids)
	last.repeated += m.repeated
	return last, err
}

func (t *table[T]) mergeOnce(ctx context.Context, sources []string, to, ids io.Writer) (m merged, err error) {
	last, err := t.newest(sources)
	if err != nil {
		return m, err
	}
	q := &queue[T]{table: t}
	defer func() { err = errors.Join(err, q.close()) }()
	for _, path := range sources {
		r, err := openReader(t, path, nil)
		if err != nil {
			return m, &damagedError{path: path, err: err}
		}
		s := &source[T]{reader: r, batch: make([]T, batchRows)}
		q.all = append(q.all, s)
		if more, err := s.next(); err != nil {
			return m, err
		} else if more {
			q.live = append(q.live, s)
		}
	}
	heap.Init(q)
	once := t.distinct(last)
	var leaf leaves[T]
	with, group := codec, largeGroup
	if ids == nil { // read once more and gone
		with, group = fastCodec, smallGroup
	}
	e := newEncoder(t, to, with)
	e.group = group
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
			if ids != nil {
				m.tree.add(leaf.of(t, row))
				if err := t.writeName(ids, row); err != nil {
					return m, err
				}
			}
			if out = append(out, *row); len(out) == cap(out) {
				if err := errors.Join(ctx.Err(), e.write(pointers)); err != nil {
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
	if err := e.write(pointers[:len(out)]); err != nil {
		return m, err
	}
	return m, e.close()
}

// newest reads from sorted files which copies of an event that stand apart were told last.
func (t *table[T]) newest(sources []string) (newest, error) {
	last := newest{}
	if t.column("version") == nil {
		return last, nil
	}
	batch := make([]T, batchRows)
	for _, path := range sources {
		r, err := openReader(t, path, []string{"event_id", "version", "record", "occurred_at", "timed"})
		if err != nil {
			return nil, &damagedError{path: path, err: err}
		}
		s := &source[T]{reader: r, batch: batch}
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

// source is one sorted file of a merge.
type source[T any] struct {
	reader *Reader[T]
	batch  []T
	n, at  int
}

func (s *source[T]) row() *T { return &s.batch[s.at] }

// next steps to the next row, the first at first.
func (s *source[T]) next() (more bool, err error) {
	if s.at++; s.at < s.n {
		return true, nil
	}
	s.at = 0
	s.n, err = s.reader.Read(s.batch)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, &damagedError{path: s.reader.path, err: err}
	}
	return true, nil
}

// queue is a heap of the sources by their current row.
type queue[T any] struct {
	table *table[T]
	live  []*source[T]
	all   []*source[T]
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

func (q *queue[T]) close() (err error) {
	for _, s := range q.all {
		err = errors.Join(err, s.reader.Close())
	}
	return err
}
