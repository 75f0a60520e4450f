package webhookfeed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// request is a trigger as it came.
type request struct {
	at   pcommon.Timestamp
	body []byte
	kept atomic.Bool // it is in the write-ahead log
}

// answer is what a request is answered with.
type answer struct {
	status int
	text   string // empty for 200
}

// handle answers within delivery_timeout of the last byte of the body, whatever the disk
// and the next consumer do.
func (f *Feed) handle(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	select {
	case f.inFlight <- struct{}{}:
	default:
		write(w, answer{http.StatusTooManyRequests, fmt.Sprintf("max_in_flight: %d requests are being handled", f.cfg.MaxInFlight)})
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		<-f.inFlight
		if long, ok := errors.AsType[*http.MaxBytesError](err); ok {
			write(w, answer{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than max_request_body_size (%d bytes)", long.Limit)})
			return
		}
		write(w, answer{http.StatusBadRequest, "the body cannot be read: " + err.Error()})
		return
	}
	q := &request{at: pcommon.NewTimestampFromTime(time.Now()), body: body}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), f.cfg.DeliveryTimeout)
	done := make(chan answer, 1)
	f.worker.Go(func(running context.Context) {
		defer func() { <-f.inFlight }()
		defer cancel()
		defer context.AfterFunc(running, cancel)()
		done <- f.process(ctx, q)
	})
	select {
	case a := <-done:
		write(w, a)
	case <-ctx.Done():
		select {
		case a := <-done: // process returned at the same time
			write(w, a)
		default:
			write(w, notAccepted(q))
		}
	}
}

// process delivers a request, or leaves it to deliverWaiting when ctx ends first.
func (f *Feed) process(ctx context.Context, q *request) answer {
	n, err := f.keep(ctx, q)
	if errors.Is(err, errFull) {
		return answer{http.StatusTooManyRequests, fmt.Sprintf("max_waiting: %d requests wait on the disk", f.cfg.MaxWaiting)}
	}
	b := f.parse(q)
	if err := f.set.Delivery.Deliver(ctx, b); err != nil {
		if q.kept.Load() {
			f.waiting <- n
		}
		return notAccepted(q)
	}
	if q.kept.Load() {
		f.wal.remove(n)
	}
	if len(b.Quarantined) > 0 {
		return answer{http.StatusBadRequest, "kept in the quarantine: " + b.Quarantined[0].Reason}
	}
	return answer{status: http.StatusOK}
}

func (f *Feed) parse(q *request) *delivery.Batch {
	b := new(delivery.Batch)
	f.set.Parser.Parse(q.body, q.at, &b.Result)
	b.QuarantineRejected(f.set.Parser, q.at, f.cfg.Path, 0)
	return b
}

func notAccepted(q *request) answer {
	if q.kept.Load() {
		return answer{http.StatusAccepted, "the data is kept on the disk and will be delivered"}
	}
	return answer{http.StatusServiceUnavailable, "the data was not accepted in time: send it once more"}
}

func write(w http.ResponseWriter, a answer) {
	switch a.status {
	case http.StatusOK:
		w.WriteHeader(a.status)
		return
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, a.text, a.status)
}
