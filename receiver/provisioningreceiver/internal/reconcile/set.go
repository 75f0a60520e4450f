package reconcile

import (
	"encoding/binary"
	"fmt"

	"github.com/provtrail/provtrail/internal/envelope"
)

// set is the documents of an hour. It is stored as a log of entries in chunks: what is added
// rewrites the last chunk or begins a new one, so that a write costs what changed. A later
// entry of a document replaces an earlier one.
type set struct {
	classes map[uint64]Class
	summary Summary
	chunk   int    // number of the one that is being filled
	entries []byte // of that chunk
}

const (
	setVersion = 1
	entrySize  = 9               // hash, little endian, and class
	maxEntries = 448 * entrySize // of a chunk, in bytes: with the envelope just below a page of 4 KiB
)

func newSet() *set { return &set{classes: map[uint64]Class{}} }

// merge adds a document and reports whether that changed the set.
func (s *set) merge(hash uint64, class Class) bool {
	was, known := s.classes[hash]
	if known && was >= class {
		return false
	}
	s.classes[hash] = class
	s.summary.add(hash, class, known, was)
	return true
}

// chunk is a part of a set to be stored.
type chunk struct {
	number int
	value  []byte
}

// add merges documents and returns the chunks that changed.
func (s *set) add(documents []Document) (changed []chunk) {
	dirty := false
	for _, d := range documents {
		if !s.merge(d.Hash, d.Class) {
			continue
		}
		if len(s.entries) == maxEntries {
			if dirty {
				changed = append(changed, s.sealed())
			}
			s.chunk++
			s.entries = s.entries[:0]
		}
		s.entries = append(binary.LittleEndian.AppendUint64(s.entries, d.Hash), byte(d.Class))
		dirty = true
	}
	if dirty {
		changed = append(changed, s.sealed())
	}
	return changed
}

func (s *set) sealed() chunk { return chunk{s.chunk, envelope.Seal(setVersion, s.entries)} }

// load adds the stored chunk of a number, which comes after those before. One that is damaged
// is empty: what it had is read again, because the hour is short.
func (s *set) load(number int, value []byte) error {
	s.chunk, s.entries = number, s.entries[:0]
	payload, err := envelope.Open(setVersion, value)
	if err != nil {
		return err
	}
	if len(payload)%entrySize != 0 || len(payload) > maxEntries {
		return fmt.Errorf("%d bytes are no entries of %d", len(payload), entrySize)
	}
	for entry := payload; len(entry) > 0; entry = entry[entrySize:] {
		if class := Class(entry[8]); class > observation {
			return fmt.Errorf("class %d is unknown", class)
		}
	}
	for entry := payload; len(entry) > 0; entry = entry[entrySize:] {
		s.merge(binary.LittleEndian.Uint64(entry), Class(entry[8]))
	}
	s.entries = append(s.entries, payload...)
	return nil
}
