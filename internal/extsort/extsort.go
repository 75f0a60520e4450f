// Package extsort sorts sets of entries that may not fit into memory.
package extsort

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/provtrail/provtrail/internal/tempfiles"
)

// Sorter is a set of entries in the order of their bytes. What does not fit into memory is in
// temporary files, each of which is sorted.
type Sorter struct {
	// Memory is about how many bytes of entries are in memory; 0 is 16 MiB.
	Memory int

	text    []byte // of the entries in memory
	entries []span
	files   tempfiles.Parts
}

// span is an entry in Sorter.text.
type span struct {
	begin    uint64 // of the entry: it decides nearly every comparison, without the text
	from, to uint32
}

const (
	defaultMemory = 16 << 20
	spanSize      = 16
)

// Add adds an entry of at least one byte, which may be changed afterwards.
func (s *Sorter) Add(entry []byte) error {
	e := span{from: uint32(len(s.text))}
	var begin [8]byte
	copy(begin[:], entry)
	s.text = append(s.text, entry...)
	e.begin, e.to = binary.BigEndian.Uint64(begin[:]), uint32(len(s.text))
	s.entries = append(s.entries, e)
	if len(s.text)+len(s.entries)*spanSize < cmp.Or(s.Memory, defaultMemory) {
		return nil
	}
	file := s.files.Len()
	if err := s.files.Add(1); err != nil {
		return err
	}
	s.sort()
	var size []byte
	for _, e := range s.entries {
		size = binary.AppendUvarint(size[:0], uint64(e.to-e.from))
		if err := cmp.Or(s.files.Write(file, size), s.files.Write(file, s.text[e.from:e.to])); err != nil {
			return err
		}
	}
	s.text, s.entries = s.text[:0], s.entries[:0]
	return nil
}

func (s *Sorter) sort() {
	slices.SortFunc(s.entries, func(a, b span) int {
		if c := cmp.Compare(a.begin, b.begin); c != 0 {
			return c
		}
		return bytes.Compare(s.text[a.from:a.to], s.text[b.from:b.to])
	})
}

// Close removes the temporary files.
func (s *Sorter) Close() error { return s.files.Close() }

// next returns the next entry of a sorted part, in the memory of the one before where it needs
// some; nil after the last.
type next func(before []byte) ([]byte, error)

func (s *Sorter) memory() next {
	s.sort()
	left := s.entries
	return func([]byte) ([]byte, error) {
		if len(left) == 0 {
			return nil, nil
		}
		e := left[0]
		left = left[1:]
		return s.text[e.from:e.to], nil
	}
}

func (s *Sorter) file(file int) (next, error) {
	from, err := s.files.Open(file)
	return func(before []byte) ([]byte, error) {
		size, err := binary.ReadUvarint(from)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		entry := slices.Grow(before[:0], int(size))[:size]
		_, err = io.ReadFull(from, entry)
		return entry, err
	}, err
}

// part is a sorted part at its next entry.
type part struct {
	entry []byte
	next  next
}

func (p *part) compare(other *part) int { return bytes.Compare(p.entry, other.entry) }

// All yields the entries, each once and valid until the next, and an error last if there is
// one. Further entries may be added afterwards.
func (s *Sorter) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := s.merge(func(entry []byte) bool { return yield(entry, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (s *Sorter) merge(yield func([]byte) bool) (err error) {
	parts := []*part{{next: s.memory()}}
	for i := range s.files.Len() {
		p := &part{}
		if p.next, err = s.file(i); err != nil {
			return err
		}
		parts = append(parts, p)
	}
	for _, p := range parts {
		if p.entry, err = p.next(nil); err != nil {
			return err
		}
	}
	parts = slices.DeleteFunc(parts, func(p *part) bool { return p.entry == nil })
	slices.SortFunc(parts, (*part).compare)
	var last []byte // nil before the first
	for len(parts) > 0 {
		p := parts[0]
		if last == nil || !bytes.Equal(p.entry, last) {
			last = append(last[:0], p.entry...)
			if !yield(last) {
				return nil
			}
		}
		if p.entry, err = p.next(p.entry); err != nil {
			return err
		}
		if p.entry == nil {
			parts = parts[1:]
			continue
		}
		at, _ := slices.BinarySearchFunc(parts[1:], p, (*part).compare)
		copy(parts, parts[1:at+1])
		parts[at] = p
	}
	return nil
}
