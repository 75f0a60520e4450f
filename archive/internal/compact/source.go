package compact

import (
	"errors"
	"io"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"
)

// source is a sorted sequence of rows that a merge reads.
type source[T any] struct {
	from interface {
		read() ([]T, error)
		Close() error
	}
	table *parquetfile.Table[T]
	rows  []T
	at    int
	key   parquetfile.Key // of the current row
}

func (s *source[T]) row() *T { return &s.rows[s.at] }

// next steps to the next row, at first to the first.
func (s *source[T]) next() (more bool, err error) {
	if s.at++; s.at >= len(s.rows) {
		s.at = 0
		if s.rows, err = s.from.read(); errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	s.key = s.table.Key(s.row())
	return true, nil
}

func closeAll[T any](sources []*source[T]) (err error) {
	for _, s := range sources {
		err = errors.Join(err, s.from.Close())
	}
	return err
}

// fileReader reads a Parquet file some rows at a time.
type fileReader[T any] struct {
	*parquetfile.Reader[T]
	path string
	rows []T
}

func (f *fileReader[T]) read() ([]T, error) {
	n, err := f.Read(f.rows)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &DamagedError{Path: f.path, err: err}
	}
	return f.rows[:n], err
}

// sourceHeap orders sources by their current row, for container/heap.
type sourceHeap[T any] []*source[T]

func (h *sourceHeap[T]) Len() int           { return len(*h) }
func (h *sourceHeap[T]) Less(i, j int) bool { return (*h)[i].key.Compare(&(*h)[j].key) < 0 }
func (h *sourceHeap[T]) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *sourceHeap[T]) Push(x any)         { *h = append(*h, x.(*source[T])) }

func (h *sourceHeap[T]) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
