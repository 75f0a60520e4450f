package provisioningprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// watch sees to the alarms until ctx ends. What fails is tried again at the next
// look: alarms stay in the store until they are seen to.
func (f *folder) watch(ctx context.Context) {
	ticker := time.NewTicker(f.cfg.CheckInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := f.ring(ctx); err != nil && ctx.Err() == nil {
				f.logger.Error("The timers for stalled and overdue activities and for the retention could not be seen to; they are tried again.",
					zap.Duration("after", f.cfg.CheckInterval), zap.Error(err))
			}
		}
	}
}

// ring sees to every alarm that is due.
func (f *folder) ring(ctx context.Context) error {
	for ctx.Err() == nil {
		now := f.timestamp()
		rung, err := f.store.Due(ctx, int64(now/state.Tick))
		if err != nil {
			f.failed(ctx, "alarms", err)
			return err
		}
		if rung == nil {
			return nil
		}
		if err := f.answer(ctx, rung, now); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// answer looks at the groups of some alarms.
func (f *folder) answer(ctx context.Context, rung *store.Rung, now pcommon.Timestamp) error {
	keys := distinct(rung.Keys)
	defer f.locks.Lock(keys)()
	groups, err := f.load(ctx, keys, nil)
	if err != nil {
		return err
	}
	told, err := f.told(ctx, keys, groups, func(i int) *provisioning.Observation {
		if len(groups[i].Observations) == 0 {
			return nil
		}
		return &groups[i].Observations[0]
	})
	if err != nil {
		return err
	}
	if err := f.reserved(ctx); err != nil {
		return err
	}
	t := transaction{out: plog.NewLogs(), done: rung}
	to := t.out.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i, key := range keys {
		before := &groups[i]
		if _, moved := told[key]; moved {
			t.forget(key, before)
			continue
		}
		// A group that asks for a later alarm has filed that one since.
		if len(before.Observations) > 0 && before.Alarm <= rung.Tick {
			f.look(&t, key, before, to, now)
		}
	}
	return f.apply(ctx, &t)
}

// look flags a group's activities, or forgets the group when its time is over.
func (f *folder) look(t *transaction, key groupKey, before *state.Group, to plog.LogRecordSlice, now pcommon.Timestamp) {
	after := *before
	after.Checked = max(now, before.Checked)
	told := change.Find(change.Input{
		Before: before, After: &after, Generation: f.generation.Load(), Since: f.since.Load(), Thresholds: &f.thresholds,
	})
	if f.retention.Expires(before, told.After) <= now {
		t.forget(key, before)
		t.expired++
		return
	}
	for i := range told.Records {
		t.tell(&told.Records[i], to)
	}
	if f.history != nil && len(told.Records) > 0 {
		after.Version = max(after.Version, change.Version(f.generation.Load(), after.Revision(), true))
	}
	after.Alarm = change.Alarm(&after, told.After, &f.thresholds, f.retention, now)
	t.put(key, before, &after, &told, true, change.Final(told.After))
}

// forget deletes a group: its time is over, or another collector goes on with it.
func (t *transaction) forget(key groupKey, before *state.Group) {
	told := change.Change{Before: provisioning.Resolve(before.Observations)}
	t.changes = append(t.changes, store.Change{Key: key})
	t.updates = append(t.updates, update{before: before, after: &state.Group{}, told: &told})
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
