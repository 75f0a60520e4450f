package pollfeed

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// poll reads what is new, and the longest lookback that is due: it covers the shorter
// ones.
func (f *Feed) poll(ctx context.Context) error {
	if err := f.readNew(ctx); err != nil {
		return err
	}
	now := f.client.Now()
	for i := len(f.cfg.Lookback) - 1; i > 0; i-- {
		lookback, last := f.cfg.Lookback[i], f.overlapRead[i]
		if since := now.Sub(last); since >= 0 && since < lookback/4 {
			continue
		}
		if last.IsZero() {
			last = f.lastOverlapRead.high // the longest is read first
		}
		if err := f.readRange(ctx, f.overlapStart(now, last, lookback), false); err != nil {
			return err
		}
		for j := range i + 1 {
			f.overlapRead[j] = now
		}
		if i == len(f.cfg.Lookback)-1 {
			return f.lastOverlapRead.set(ctx, now)
		}
		break
	}
	return nil
}

func (f *Feed) readNew(ctx context.Context) error {
	f.lastRead = time.Now()
	// The first position comes from the machine's clock. Where that clock is ahead of the
	// vendor's, which the first answer shows, the backfill begins earlier.
	if first := f.client.Now().Add(-f.cfg.Backfill); f.checkpoint.stored == nil && first.Before(f.checkpoint.high) {
		f.checkpoint.high = first
	}
	if err := f.readRange(ctx, f.checkpoint.high.Add(-f.cfg.Lookback[0]), true); err != nil {
		return err
	}
	return f.readPending(ctx)
}

// overlapStart is where a lookback is read from. A document that appears as late as the
// lookback is long appeared after the last read, so the range counts from that read.
func (f *Feed) overlapStart(now, last time.Time, lookback time.Duration) time.Time {
	from := now.Add(-lookback - lookback/4)
	if last.Before(now) && !last.IsZero() {
		from = last.Add(-lookback)
	}
	if oldest := now.Add(-f.cfg.Backfill); from.Before(oldest) {
		return oldest
	}
	return from
}

// savePending stores the pending activities before the checkpoint moves past them, but
// not at each page of a long range.
func (f *Feed) savePending(ctx context.Context) error {
	if f.pending == nil || time.Since(f.pendingSaved) < 10*time.Second {
		return nil
	}
	f.pendingSaved = time.Now()
	return f.pending.save(ctx)
}

// readPending reads the pending activities that are due, by id.
func (f *Feed) readPending(ctx context.Context) error {
	if f.pending == nil {
		return nil
	}
	for _, id := range f.pending.due(time.Now()) {
		answer, err := f.client.Do(ctx, apiclient.Request{
			Feed: string(f.set.Parser.Feed), Method: http.MethodGet, Path: f.cfg.Path + "/" + url.PathEscape(id), ID: id,
		})
		if errors.Is(err, apiclient.ErrNotFound) {
			f.pending.remove(id)
			continue
		}
		if err != nil {
			return err
		}
		if err := f.accept(ctx, answer); err != nil {
			return err
		}
	}
	return f.pending.save(ctx)
}

// accept delivers the records of a page that are not known to be accepted already.
func (f *Feed) accept(ctx context.Context, answer []byte) error {
	var b delivery.Batch
	at := pcommon.NewTimestampFromTime(time.Now())
	f.set.Parser.Parse(answer, at, &b.Result)
	b.QuarantineRejected(f.set.Parser, at, f.cfg.Path, 0)
	for i := range b.Quarantined {
		b.Quarantined[i].Position = 0 // a page's rows move: the same text is the same record wherever it stands
	}
	if err := f.names.complete(ctx, b.Observations); err != nil {
		return err
	}
	if f.pending != nil {
		f.pending.update(b.Observations, time.Now())
	}
	all := b.Len()
	b.Observations = slices.DeleteFunc(b.Observations, func(o provisioning.Observation) bool { return f.recent.Contains(o.EventID) })
	b.Quarantined = slices.DeleteFunc(b.Quarantined, func(q record.Quarantined) bool { return f.recent.Contains(record.QuarantineID(&q)) })
	if known := all - b.Len(); known > 0 {
		f.set.Metrics.ReceiverProvisioningDuplicates.Add(ctx, int64(known),
			metric.WithAttributes(attribute.String("feed", string(f.set.Parser.Feed))))
	}
	if err := f.set.Delivery.Deliver(ctx, &b); err != nil {
		return err
	}
	f.fresh = f.fresh || b.Len() > 0
	for i := range b.Observations {
		f.recent.Add(b.Observations[i].EventID, struct{}{})
	}
	for i := range b.Quarantined {
		f.recent.Add(record.QuarantineID(&b.Quarantined[i]), struct{}{})
	}
	return nil
}
