package exportqueue

import (
	"bytes"
	"sync"

	"github.com/provtrail/provtrail/internal/columnar"
)

// recent are the first few batches that the queue has written and not read yet. Where
// the exporter keeps up, each is read as soon as it is written, and need not be decoded.
// Where it does not, the others are decoded when their turn comes.
type recent struct {
	mu      sync.Mutex
	batches []*columnar.Batch // guarded by mu
}

const mostRecent = 4

func (r *recent) put(batch *columnar.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.batches) < mostRecent {
		r.batches = append(r.batches, batch)
	}
}

// take returns the batch of which item is the encoding, nil if it is not among them.
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
