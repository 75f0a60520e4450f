package provisioningreceiver

import (
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// seen remembers the newest records that were accepted, so that overlapping reads
// do not burden the pipeline with what it has. It may forget: a record that comes
// twice is the same record in every store.
type seen struct {
	mu           sync.Mutex // guards everything below
	newer, older map[provisioning.ID]struct{}
}

// generation is how many ids one of the two generations holds.
const generation = 1 << 17

func (s *seen) has(id provisioning.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.newer[id]; ok {
		return true
	}
	_, ok := s.older[id]
	return ok
}

func (s *seen) add(id provisioning.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.newer) >= generation {
		s.newer, s.older = nil, s.newer
	}
	if s.newer == nil {
		s.newer = make(map[provisioning.ID]struct{}, 1024)
	}
	s.newer[id] = struct{}{}
}
