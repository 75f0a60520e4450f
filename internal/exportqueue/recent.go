package exportqueue

import (
	"bytes"
	"sync"

	"github.com/provtrail/provtrail/internal/columnar"
)

// recent holds the first batches that the queue has written and not read back yet. An
// exporter that keeps up reads each batch right after it was written, and need not decode
// it. One that lags decodes the batches that found no room here.
type recent struct {
	mu      sync.Mutex
	batches []*columnar.Batch // guarded by mu
}

const maxRecent = 4

func (r *recent) put(batch *columnar.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.batches) < maxRecent {
		r.batches = append(r.batches, batch)
	}
}

// take removes and returns the batch whose encoding is item; nil if there is none.
func (r *recent) take(item []byte) *columnar.Batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, batch := range r.batches {
		if bytes.Equal(item, batch.Encode()) {
			r.batches = append(r.batches[:i], r.batches[i+1:]...)
			return batch
		}
	}
	return nil
}
