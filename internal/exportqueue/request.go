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

// MergeSplit implements xexporterhelper.Request. A record that is larger than the limit
// makes a request of its own, so that none is dropped.
func (r *request) MergeSplit(_ context.Context, limit int, by exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	more, ok := other.(*request)
	if other != nil && !ok {
		return nil, fmt.Errorf("cannot merge a request of type %T", other)
	}
	batches := r.batches
	if more != nil {
		batches = slices.Concat(batches, more.batches)
	}
	if by == exporterhelper.RequestSizerTypeRequests {
		limit = 0
	}
	s := splitter{limit: limit, bytes: by == exporterhelper.RequestSizerTypeBytes, current: &request{}}
	for _, batch := range batches {
		s.add(batch)
	}
	return append(s.done, s.current), nil
}

type splitter struct {
	limit   int // 0 for none
	bytes   bool
	done    []xexporterhelper.Request
	current *request // being filled
}

func (s *splitter) add(batch *columnar.Batch) {
	for s.limit > 0 {
		n := s.limit - s.current.items
		if s.bytes {
			n = batch.PrefixUnder(s.limit - s.current.bytes)
		}
		if n == 0 && s.current.items == 0 {
			n = 1
		}
		if n >= batch.Len() {
			break
		}
		head, tail := batch.Split(n)
		s.current.add(head)
		s.done = append(s.done, s.current)
		s.current, batch = &request{}, tail
	}
	s.current.add(batch)
}
