// Package compact merges sorted files into one that holds each event once.
package compact

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
)

// Result says what a merge wrote.
type Result struct {
	Rows, Repeated int64
	Root           chain.Hash // of the Merkle tree over the rows
	first, last    pcommon.Timestamp
}

// Period returns the least and the greatest time of the rows; nil where there are none.
func (r *Result) Period() (first, last *time.Time) {
	if r.Rows == 0 {
		return nil, nil
	}
	from, to := r.first.AsTime().Truncate(time.Microsecond), r.last.AsTime().Truncate(time.Microsecond)
	return &from, &to
}

// How many files are open at once; more are merged in several rounds. Of a Parquet file
// the dictionaries of a row group and a page of every column are in memory, of a spill
// file one batch.
const (
	FanIn      = 4
	SpillFanIn = 64
	// batchRows of each file are in memory.
	batchRows = 128
)

// DamagedError names a file that cannot be read.
type DamagedError struct {
	Path string
	err  error
}

func (e *DamagedError) Error() string { return e.err.Error() }
func (e *DamagedError) Unwrap() error { return e.err }

// Temporary writes a temporary file.
type Temporary func(write func(io.Writer) error) (path string, err error)

// Merge writes the rows of sorted files as one sorted file to to, each event once, and
// what names the file to name.
func Merge[T any](ctx context.Context, t *parquetfile.Table[T], temporary Temporary, files []string, to, name io.Writer) (r Result, err error) {
	latest, err := latestVersions(t, files)
	if err != nil {
		return r, err
	}
	m := &merger[T]{table: t, temporary: temporary, latest: latest}
	defer func() { err = errors.Join(err, m.removeSpills(len(m.spills))) }()
	if files, err = m.spill(ctx, files); err != nil {
		return r, err
	}
	sources, err := m.open(files, m.spills)
	if err != nil {
		return r, err
	}
	var root chain.RootBuilder
	leaves := parquetfile.LeafHasher[T]{Table: t}
	r, err = m.merge(ctx, sources, parquetfile.NewSealedWriter(t, to), func(row *T, key *parquetfile.Key) error {
		root.Add(leaves.Leaf(row))
		return key.WriteName(name)
	})
	r.Root = root.Root()
	r.Repeated += m.repeated
	return r, err
}

type merger[T any] struct {
	table     *parquetfile.Table[T]
	temporary Temporary
	latest    parquetfile.LatestVersions
	spills    []string // paths
	repeated  int64    // rows that were left out of spills
}

// spill merges files into spill files until all can be open at once, and returns the
// files that are left.
func (m *merger[T]) spill(ctx context.Context, files []string) ([]string, error) {
	if len(files) <= FanIn {
		return files, nil
	}
	for part := range slices.Chunk(files, FanIn) {
		if err := m.spillOnce(ctx, part, nil); err != nil {
			return nil, err
		}
	}
	for len(m.spills) > SpillFanIn {
		n := min(SpillFanIn, len(m.spills)-SpillFanIn+1)
		if err := m.spillOnce(ctx, nil, m.spills[:n]); err != nil {
			return nil, err
		}
		if err := m.removeSpills(n); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (m *merger[T]) spillOnce(ctx context.Context, files, spills []string) error {
	sources, err := m.open(files, spills)
	if err != nil {
		return err
	}
	name, err := m.temporary(func(w io.Writer) error {
		r, err := m.merge(ctx, sources, newSpillWriter(m.table, w), nil)
		m.repeated += r.Repeated
		return err
	})
	if err == nil {
		m.spills = append(m.spills, name)
	}
	return err
}

// removeSpills removes the first n spill files.
func (m *merger[T]) removeSpills(n int) (err error) {
	for _, name := range m.spills[:n] {
		err = errors.Join(err, os.Remove(name))
	}
	m.spills = m.spills[n:]
	return err
}

func (m *merger[T]) open(files, spills []string) (sources []*source[T], err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(sources))
		}
	}()
	for _, path := range files {
		r, err := parquetfile.OpenReader(m.table, path)
		if err != nil {
			return sources, &DamagedError{Path: path, err: err}
		}
		sources = append(sources, &source[T]{table: m.table, from: &fileReader[T]{r, path, make([]T, batchRows)}})
	}
	for _, path := range spills {
		r, err := openSpill(m.table, path)
		if err != nil {
			return sources, err
		}
		sources = append(sources, &source[T]{table: m.table, from: r})
	}
	return sources, nil
}

// output takes the rows of a merge.
type output[T any] interface {
	WriteRows([]*T) error
	Close() error
}

// merge merges sources, which it closes, into one output. each, where set, is called
// with every row that is kept.
func (m *merger[T]) merge(ctx context.Context, sources []*source[T], to output[T], each func(*T, *parquetfile.Key) error) (r Result, err error) {
	defer func() { err = errors.Join(err, closeAll(sources)) }()
	var live sourceHeap[T]
	for _, s := range sources {
		if more, err := s.next(); err != nil {
			return r, err
		} else if more {
			live = append(live, s)
		}
	}
	heap.Init(&live)
	keep := m.latest.Filter()
	out, pointers := make([]T, 0, batchRows), make([]*T, batchRows)
	for i := range pointers {
		pointers[i] = &out[:batchRows][i]
	}
	for len(live) > 0 {
		s := live[0]
		if keep(&s.key) {
			if r.Rows == 0 {
				r.first = s.key.At
			}
			r.Rows, r.last = r.Rows+1, s.key.At
			if each != nil {
				if err := each(s.row(), &s.key); err != nil {
					return r, err
				}
			}
			if out = append(out, *s.row()); len(out) == cap(out) {
				if err := errors.Join(ctx.Err(), to.WriteRows(pointers)); err != nil {
					return r, err
				}
				out = out[:0]
			}
		} else {
			r.Repeated++
		}
		if more, err := s.next(); err != nil {
			return r, err
		} else if more {
			heap.Fix(&live, 0)
		} else {
			heap.Pop(&live)
		}
	}
	if err := to.WriteRows(pointers[:len(out)]); err != nil {
		return r, err
	}
	return r, to.Close()
}

// latestVersions reads which rows are the latest of their event, where that cannot be
// seen from neighbours.
func latestVersions[T any](t *parquetfile.Table[T], files []string) (parquetfile.LatestVersions, error) {
	latest := parquetfile.LatestVersions{}
	if !t.Versioned() {
		return latest, nil
	}
	rows := make([]T, batchRows)
	for _, path := range files {
		r, err := parquetfile.OpenReader(t, path, "event_id", "version", "record_type", "occurred_at", "timed")
		if err != nil {
			return nil, &DamagedError{Path: path, err: err}
		}
		s := &source[T]{table: t, from: &fileReader[T]{r, path, rows}}
		more, err := s.next()
		for ; more && err == nil; more, err = s.next() {
			latest.Record(&s.key)
		}
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
	}
	return latest, nil
}
