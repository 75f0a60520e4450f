package pollfeed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
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
		if err := f.intake.begin(ctx, f.name, first); err != nil {
			return err
		}
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
		if err := f.accept(ctx, []json.RawMessage{answer}); err != nil {
			return err
		}
	}
	return f.pending.save(ctx)
}

// accept delivers documents.
func (f *Feed) accept(ctx context.Context, documents []json.RawMessage) error {
	fresh, err := f.intake.accept(ctx, documents, func(observations []provisioning.Observation) {
		if f.pending != nil {
			f.pending.update(observations, time.Now())
		}
	})
	f.fresh = f.fresh || fresh
	return err
}
