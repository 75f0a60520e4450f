package webhookfeed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// request is a body as it came.
type request struct {
	at      pcommon.Timestamp
	body    []byte      // decompressed, in UTF-8
	problem string      // why the rest of the body is not there
	kept    atomic.Bool // it is in the write-ahead log
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
	q := &request{at: pcommon.NewTimestampFromTime(time.Now())}
	if q.body, q.problem, err = decode(body, f.maxBody()); err != nil {
		<-f.inFlight
		write(w, answer{http.StatusRequestEntityTooLarge, err.Error()})
		return
	}
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
	result := resultOf(b) // Deliver takes what is ignored out of the batch
	if err := f.set.Delivery.Deliver(ctx, b); err != nil {
		if q.kept.Load() {
			f.waiting <- n
		}
		return notAccepted(q)
	}
	if q.kept.Load() {
		f.wal.remove(n)
	}
	return result.answer()
}

func (f *Feed) parse(q *request) *delivery.Batch {
	b := new(delivery.Batch)
	if len(bytes.TrimSpace(q.body)) == 0 && q.problem == "" {
		f.set.Parser.Parse(q.body, q.at, &b.Result) // rejects it
	}
	f.set.Parser.ParseStream(q.body, 0, true, q.at, &b.Result)
	if q.problem != "" {
		b.Rejected = append(b.Rejected, sailpoint.Rejected{Offset: int64(len(q.body)), Reason: q.problem})
	}
	b.QuarantineRejected(f.set.Parser, q.at, f.cfg.Path, 0)
	return b
}

func notAccepted(q *request) answer {
	if q.kept.Load() {
		return answer{http.StatusAccepted, "the data is kept on the disk and will be delivered"}
	}
	return answer{http.StatusServiceUnavailable, "the data was not accepted in time: send it once more"}
}
