package report

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/provtrail/provtrail/internal/tempfiles"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// place is where a row stands in a sheet: rows are in the order of their time, and those of
// one time in the order of their activity's history.
type place struct {
	at  uint64 // nanoseconds since 1970
	seq uint64
	id  provisioning.ID
}

// placeColumns are the columns of which a place is made.
var placeColumns = []string{"occurred_at", "timed", "observed_at", "state_seq", "event_id"}

func placeOf(r *record.Record) place {
	return place{at: uint64(r.At()), seq: uint64(r.StateSeq), id: r.EventID}
}

func (p *place) compare(q *place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.seq, q.seq), bytes.Compare(p.id[:], q.id[:]))
}

// memoryOfSorter is how many bytes of rows are in memory before they go to a temporary
// file. Tests lower it.
var memoryOfSorter = 16 << 20

// sorter puts encoded rows into their places. Its memory is bounded: rows that do not fit
// are sorted runs in temporary files, which each merges.
type sorter struct {
	rows  []sortedRow
	texts []byte
	runs  tempfiles.Parts
	count int64
}

// sortedRow is a row in sorter.texts.
type sortedRow struct {
	place
	start, end int
}

func (s *sorter) add(p place, row []byte) error {
	start := len(s.texts)
	s.texts = append(s.texts, row...)
	s.rows = append(s.rows, sortedRow{p, start, len(s.texts)})
	s.count++
	if len(s.texts)+len(s.rows)*headSize < memoryOfSorter {
		return nil
	}
	return s.spill()
}

func (s *sorter) sort() {
	slices.SortStableFunc(s.rows, func(a, b sortedRow) int { return a.compare(&b.place) })
}

// headSize is what precedes a row in a run: its place and its length.
const headSize = 8 + 8 + 16 + 4

func (s *sorter) spill() error {
	s.sort()
	run := s.runs.Len()
	if err := s.runs.Add(1); err != nil {
		return err
	}
	var head [headSize]byte
	for i := range s.rows {
		r := &s.rows[i]
		binary.LittleEndian.PutUint64(head[:], r.at)
		binary.LittleEndian.PutUint64(head[8:], r.seq)
		copy(head[16:], r.id[:])
		binary.LittleEndian.PutUint32(head[32:], uint32(r.end-r.start))
		if err := cmp.Or(s.runs.Write(run, head[:]), s.runs.Write(run, s.texts[r.start:r.end])); err != nil {
			return err
		}
	}
	s.rows, s.texts = s.rows[:0], s.texts[:0]
	return nil
}

// each calls f with every row in its place. f must not keep the row.
func (s *sorter) each(f func(row []byte) error) error {
	s.sort()
	var runs merge
	for i := range s.runs.Len() {
		r, err := s.runs.Open(i)
		if err != nil {
			return err
		}
		runs = append(runs, &run{next: func(to *run) error { return to.read(r) }})
	}
	rows := s.rows
	runs = append(runs, &run{next: func(to *run) error {
		if len(rows) == 0 {
			return io.EOF
		}
		to.place, to.row = rows[0].place, s.texts[rows[0].start:rows[0].end]
		rows = rows[1:]
		return nil
	}})
	all := runs
	runs = runs[:0]
	for _, r := range all {
		if err := r.next(r); err == nil {
			runs = append(runs, r)
		} else if !errors.Is(err, io.EOF) {
			return err
		}
	}
	heap.Init(&runs)
	for len(runs) > 0 {
		first := runs[0]
		if err := f(first.row); err != nil {
			return err
		}
		if err := first.next(first); errors.Is(err, io.EOF) {
			heap.Pop(&runs)
		} else if err != nil {
			return err
		} else {
			heap.Fix(&runs, 0)
		}
	}
	return nil
}

// run is one sorted part of the rows at its next row.
type run struct {
	place
	row  []byte
	next func(*run) error // io.EOF after the last
}

func (r *run) read(from io.Reader) error {
	var head [headSize]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return err
	}
	r.at, r.seq = binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])
	copy(r.id[:], head[16:])
	r.row = slices.Grow(r.row[:0], int(binary.LittleEndian.Uint32(head[32:])))[:binary.LittleEndian.Uint32(head[32:])]
	if _, err := io.ReadFull(from, r.row); err != nil {
		return errors.Join(io.ErrUnexpectedEOF, err)
	}
	return nil
}

// merge is a heap of runs.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return m[i].compare(&m[j].place) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(r any)        { *m = append(*m, r.(*run)) }
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
