package provisioningreceiver

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
)

// usage counts the requests of the last ten seconds, by whole seconds.
type usage struct {
	mu      sync.Mutex // guards everything below
	seconds [10]int64  // since 1970, which each count is of
	counts  [10]int64
}

func (u *usage) add(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	second := now.Unix()
	i := second % int64(len(u.counts))
	if u.seconds[i] != second {
		u.seconds[i], u.counts[i] = second, 0
	}
	u.counts[i]++
}

func (u *usage) sum(now time.Time) (n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, second := range u.seconds {
		if now.Unix()-second < int64(len(u.counts)) {
			n += u.counts[i]
		}
	}
	return n
}

// observe registers the metrics that are looked at when they are collected.
func (r *logsReceiver) observe() error {
	var feeds []*pollFeed
	for _, f := range r.feeds {
		if f, ok := f.(*pollFeed); ok {
			feeds = append(feeds, f)
		}
	}
	return errors.Join(
		r.telemetry.RegisterReceiverProvisioningBudgetUsedCallback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(float64(r.client.used.sum(time.Now())) / float64(r.client.cfg.RequestsPer10s))
			return nil
		}),
		r.telemetry.RegisterReceiverProvisioningCheckpointAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
			for _, f := range feeds {
				if at := f.confirmed.Load(); at != 0 {
					o.Observe(time.Since(time.Unix(0, at)).Seconds(), metric.WithAttributes(attribute.String("feed", f.name)))
				}
			}
			return nil
		}))
}

// observe registers the number of requests that wait.
func (f *webhookFeed) observe() error {
	return f.sink.telemetry.RegisterReceiverProvisioningWaitingCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(f.journal.size()))
		return nil
	})
}

// countUnknownWords counts the words, beside the status, that the vendor does not
// document.
func (s *sink) countUnknownWords(ctx context.Context, b *batch) {
	var operations, approvals int64
	for i := range b.Observations {
		o := &b.Observations[i]
		if _, known := provisioning.ParseOperation(string(o.Operation)); !known {
			operations++
		}
		if o.Dialect == provisioning.DialectREST && !sailpoint.KnownApproval(o.ApprovalStatus) {
			approvals++
		}
	}
	for field, n := range map[string]int64{"operation": operations, "approval_status": approvals} {
		if n > 0 {
			s.telemetry.ReceiverProvisioningUnknownWords.Add(ctx, n,
				metric.WithAttributes(attribute.String("feed", string(s.feed)), attribute.String("field", field)))
		}
	}
}
