package exportqueue

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/provtrail/provtrail/provisioning"
)

// request is a batch in the queue.
type request struct {
	batch provisioning.Batch
	bytes int // cached BytesSize, 0 for not computed
}

// ItemsCount implements xexporterhelper.Request.
func (r *request) ItemsCount() int { return r.batch.Len() }

// BytesSize implements xexporterhelper.Request: the bytes of all texts and an
// allowance for the rest of each record.
func (r *request) BytesSize() int {
	if r.bytes == 0 {
		each(&r.batch, func(rows rowsOf) {
			for i := range rows.n {
				r.bytes += sizeOf(rows, i)
			}
		})
	}
	return r.bytes
}

// fixedSize is what the values of a record that are no texts come to, roughly.
const fixedSize = 128

func sizeOf(rows rowsOf, i int) int {
	size := fixedSize
	for _, c := range rows.columns {
		if c.kind == kindText {
			size += len(provisioning.Text(c.of(i)))
		}
	}
	return size
}

// MergeSplit implements xexporterhelper.Request. The first request returned has
// everything of r. Records are never dropped: one that is larger than the limit
// makes a request of its own.
func (r *request) MergeSplit(_ context.Context, limit int, by exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	more, ok := other.(*request)
	if other != nil && !ok {
		return nil, fmt.Errorf("a request of another queue: %T", other)
	}
	if limit == 0 || by == exporterhelper.RequestSizerTypeRequests {
		if more != nil {
			r.batch.Records = append(r.batch.Records, more.batch.Records...)
			r.batch.Groups = append(r.batch.Groups, more.batch.Groups...)
			r.batch.Quarantined = append(r.batch.Quarantined, more.batch.Quarantined...)
			r.bytes = 0
		}
		return []xexporterhelper.Request{r}, nil
	}
	s := splitter{limit: limit, by: by, full: &request{}}
	s.add(&r.batch)
	if more != nil {
		s.add(&more.batch)
	}
	return append(s.done, s.full), nil
}

type splitter struct {
	limit int
	by    exporterhelper.RequestSizerType
	done  []xexporterhelper.Request
	full  *request // being filled
	size  int
}

func (s *splitter) add(b *provisioning.Batch) {
	each(b, func(rows rowsOf) {
		for i := range rows.n {
			size := 1
			if s.by == exporterhelper.RequestSizerTypeBytes {
				size = sizeOf(rows, i)
			}
			if s.size > 0 && s.size+size > s.limit {
				s.done = append(s.done, s.full)
				s.full, s.size = &request{}, 0
			}
			s.size += size
			rows.moveTo(&s.full.batch, i)
		}
	})
}
