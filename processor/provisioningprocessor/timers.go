package provisioningprocessor

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// watch handles timers and corrections until ctx ends. What fails is tried again at the
// next interval: both stay in the store until they are done.
func (c *correlator) watch(ctx context.Context) {
	ticker := time.NewTicker(c.cfg.CheckInterval)
	defer ticker.Stop()
	report := func(err error, what string) {
		if err != nil && ctx.Err() == nil {
			c.logger.Error(what+" could not be done; they are tried again.",
				zap.Duration("after", c.cfg.CheckInterval), zap.Error(err))
		}
	}
	skewed, beaten := false, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-ticker.C:
			skewed = c.logSkew(skewed)
			if time.Since(beaten) >= heartbeat {
				beaten = time.Now()
				report(c.beat(ctx), "The storing of the time")
			}
			report(c.fireDue(ctx), "The timers for stalled and overdue activities and for the retention")
		}
		report(c.correct(ctx), "The corrections of groups whose sources' names became known")
	}
}

// fireDue handles every timer that is due.
func (c *correlator) fireDue(ctx context.Context) error {
	c.timers.Lock()
	defer c.timers.Unlock()
	for ctx.Err() == nil {
		now := c.timestamp()
		due, err := c.store.Due(ctx, int64(now/state.Tick))
		if err != nil {
			c.failed(ctx, "timers", err)
			return err
		}
		if due == nil {
			return nil
		}
		if err := c.handleDue(ctx, due, now); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *correlator) handleDue(ctx context.Context, due *store.DueTimers, now pcommon.Timestamp) error {
	t := transaction{handled: due}
	// A group that has a later timer was given that one since.
	isDue := func(g *state.Group) bool { return g.Timer <= due.Tick }
	return c.evaluate(ctx, &t, distinct(due.Keys), isDue, now)
}

// evaluateGroup emits what changed in a group by time or by names, or deletes the group
// when its retention is over.
func (c *correlator) evaluateGroup(t *transaction, key groupKey, before *state.Group, names *nameLookup, to plog.LogRecordSlice, now pcommon.Timestamp) {
	after := *before
	if t.handled != nil {
		after.Checked = max(now, before.Checked)
	}
	epoch := t.epoch
	thresholds := names.thresholds(c.thresholds, before.Observations[0].Tenant)
	found := change.Find(change.Input{
		Before: before, After: &after, SourceName: names.of(before.Observations[0].Tenant), Correcting: t.corrected != nil,
		Epoch: epoch, EpochStart: c.epochStart.Load(), LastInterruption: pcommon.Timestamp(c.lastInterruption.Load()),
		Thresholds: thresholds, Errors: c.errors,
	})
	if c.retention.Expires(before, found.After) <= now {
		t.forget(key, before)
		t.expired++
		return
	}
	if t.corrected != nil && len(found.Records) == 0 && found.Summary == nil && slices.Equal(before.Names, after.Names) {
		return
	}
	if found.Full {
		after.EmittedEpoch = epoch
	}
	for i := range found.Records {
		t.emit(&found.Records[i], to)
	}
	t.summarize(found.Summary, to)
	if c.history != nil && len(found.Records) > 0 {
		after.Version = max(after.Version, change.Version(epoch, after.Revision(), true))
	}
	timer := change.Timer(&after, found.After, thresholds, c.retention, now)
	newTimer := t.handled != nil || timer < before.Timer
	if newTimer {
		after.Timer = timer
	}
	t.put(key, before, &after, &found, newTimer)
}

func distinct(keys []groupKey) []groupKey {
	seen := make(map[groupKey]struct{}, len(keys))
	out := make([]groupKey, 0, len(keys))
	for _, key := range keys {
		if _, ok := seen[key]; !ok {
			seen[key] = struct{}{}
			out = append(out, key)
		}
	}
	return out
}
