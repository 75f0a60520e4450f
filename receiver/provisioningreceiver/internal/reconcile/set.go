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
	chunks  int    // full ones
	last    []byte // the entries of the chunk that is not full
}

const (
	setVersion = 1
	entrySize  = 9               // hash, little endian, and class
	maxChunk   = 448 * entrySize // with its envelope just below a page of 4 KiB
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
		s.last = append(binary.LittleEndian.AppendUint64(s.last, d.Hash), byte(d.Class))
		dirty = true
		if len(s.last) == maxChunk {
			changed = append(changed, chunk{s.chunks, envelope.Seal(setVersion, s.last)})
			s.chunks++
			s.last, dirty = s.last[:0], false
		}
	}
	if dirty {
		changed = append(changed, chunk{s.chunks, envelope.Seal(setVersion, s.last)})
	}
	return changed
}

// load adds a stored chunk and reports whether it is the last one.
func (s *set) load(value []byte) (last bool, err error) {
	payload, err := envelope.Open(setVersion, value)
	if err != nil {
		return false, err
	}
	if len(payload)%entrySize != 0 || len(payload) > maxChunk {
		return false, fmt.Errorf("%d bytes are no entries of %d", len(payload), entrySize)
	}
	for entry := payload; len(entry) > 0; entry = entry[entrySize:] {
		class := Class(entry[8])
		if class > observation {
			return false, fmt.Errorf("class %d is unknown", class)
		}
		s.merge(binary.LittleEndian.Uint64(entry), class)
	}
	if len(payload) == maxChunk {
		s.chunks++
		return false, nil
	}
	s.last = append(s.last[:0], payload...)
	return true, nil
}
