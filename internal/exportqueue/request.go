package exportqueue

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/provtrail/provtrail/internal/columnar"
)

// request is batches in the queue.
type request struct {
	batches      []*columnar.Batch
	items, bytes int
}

func newRequest(batch *columnar.Batch) *request {
	r := &request{}
	r.add(batch)
	return r
}

func (r *request) add(batch *columnar.Batch) {
	if n := batch.Len(); n > 0 {
		r.batches = append(r.batches, batch)
		r.items += n
		r.bytes += batch.Size()
	}
}

// ItemsCount implements xexporterhelper.Request.
func (r *request) ItemsCount() int { return r.items }

// BytesSize implements xexporterhelper.Request: see columnar.Batch.Size.
func (r *request) BytesSize() int { return r.bytes }

// MergeSplit implements xexporterhelper.Request. The first request returned has
// everything of r. Records are never dropped: one that is larger than the limit
// makes a request of its own.
func (r *request) MergeSplit(_ context.Context, limit int, by exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	more, ok := other.(*request)
	if other != nil && !ok {
		return nil, fmt.Errorf("a request of another queue: %T", other)
	}
	batches := r.batches
	if more != nil {
		batches = slices.Concat(batches, more.batches)
	}
	if by == exporterhelper.RequestSizerTypeRequests {
		limit = 0
	}
	s := splitter{limit: limit, bytes: by == exporterhelper.RequestSizerTypeBytes, full: &request{}}
	for _, batch := range batches {
		s.add(batch)
	}
	return append(s.done, s.full), nil
}

type splitter struct {
	limit int // 0 for none
	bytes bool
	done  []xexporterhelper.Request
	full  *request // being filled
}

func (s *splitter) add(batch *columnar.Batch) {
	for s.limit > 0 {
		n := s.limit - s.full.items
		if s.bytes {
			n = batch.Fit(s.limit - s.full.bytes)
		}
		if n == 0 && s.full.items == 0 {
			n = 1
		}
		if n >= batch.Len() {
			break
		}
		head, tail := batch.Cut(n)
		s.full.add(head)
		s.done = append(s.done, s.full)
		s.full, batch = &request{}, tail
	}
	s.full.add(batch)
}
