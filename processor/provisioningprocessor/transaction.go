package provisioningprocessor

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

type groupKey = provisioning.ID

// transaction is what one batch, or one round of the timers, tells and stores.
type transaction struct {
	out     plog.Logs
	changes []store.Change
	updates []update
	done    *store.Rung

	duplicates []provisioning.Feed
	unreadable int
	expired    int
	taken      int
}

// update is a group before and after, for the cache and the metrics.
type update struct {
	before, after *state.Group
	told          *change.Change
	final         bool
}

func (*transaction) tell(r *record.Record, to plog.LogRecordSlice) {
	record.WriteRecord(r, to.AppendEmpty())
}

func (*transaction) summarize(g *record.Group, to plog.LogRecordSlice) {
	if g != nil {
		record.WriteGroup(g, to.AppendEmpty())
	}
}

func (t *transaction) put(key groupKey, before, after *state.Group, told *change.Change, alarm, final bool) {
	c := store.Change{Key: key, Value: after.Encode()}
	if alarm {
		c.Alarm = after.Alarm
	}
	t.changes = append(t.changes, c)
	t.updates = append(t.updates, update{before: before, after: after, told: told, final: final})
}

// apply lets a transaction take effect: first the next consumer, then the store,
// then the memory. After an error none of the latter two has changed.
func (f *folder) apply(ctx context.Context, t *transaction) error {
	if t.out.LogRecordCount() > 0 {
		if err := f.next.ConsumeLogs(ctx, t.out); err != nil {
			// A part of the next consumers may have it.
			f.interrupted()
			return err
		}
	}
	if len(t.changes) > 0 || t.done != nil {
		if err := f.commit(context.WithoutCancel(ctx), t); err != nil {
			f.failed(ctx, "write", err)
			return fmt.Errorf("writing the state of %d groups failed; the batch was told on, is not acknowledged, and will be told again with the same ids: %w", len(t.changes), err)
		}
	}
	f.remember(ctx, t)
	f.telemetry.applied(ctx, f, t)
	return nil
}

// commit writes the transaction and waits until it is durable.
func (f *folder) commit(ctx context.Context, t *transaction) error {
	err := f.write(ctx, t)
	if err == nil {
		err = f.store.Flush(ctx)
	}
	if err == nil {
		return nil
	}
	// Whether it was written is unknown: everything is read again.
	f.interrupted()
	f.commits.Lock()
	f.stale = true
	f.commits.Unlock()
	if f.cache != nil {
		for _, c := range t.changes {
			f.cache.Delete(c.Key)
		}
	}
	return err
}

func (f *folder) write(ctx context.Context, t *transaction) error {
	difference := totals{}
	for _, u := range t.updates {
		difference.add(u.told.Before, f.flagger(u.before), -1)
		difference.add(u.told.After, f.flagger(u.after), 1)
	}
	f.commits.Lock()
	defer f.commits.Unlock()
	if f.stale {
		if err := f.readMeta(ctx); err != nil {
			return err
		}
	}
	sum := f.totals.Load().plus(difference)
	m := meta{generation: f.bound.Load(), doubt: f.doubt.Load(), totals: sum}
	if err := f.store.Commit(ctx, &store.Batch{Meta: m.encode(), Changes: t.changes, Done: t.done}); err != nil {
		return err
	}
	f.totals.Store(&sum)
	return nil
}

func (f *folder) flagger(g *state.Group) func(*provisioning.Activity) bool {
	return func(a *provisioning.Activity) bool { return f.thresholds.Flagged(a, g.Checked) }
}

// readMeta brings the totals up to those of the store.
func (f *folder) readMeta(ctx context.Context) error {
	b, err := f.store.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading the state's own record: %w", err)
	}
	m := meta{totals: totals{}}
	if b != nil {
		if m, err = decodeMeta(b); err != nil {
			return err
		}
	}
	f.totals.Store(&m.totals)
	f.stale = false
	return nil
}

// remember keeps the new states at hand. Final groups leave the memory at once.
func (f *folder) remember(ctx context.Context, t *transaction) {
	if f.cache == nil {
		return
	}
	evicted := 0
	for i, c := range t.changes {
		if c.Value == nil || t.updates[i].final {
			f.cache.Delete(c.Key)
			continue
		}
		evicted += f.cache.Put(c.Key, c.Value)
	}
	f.telemetry.evicted(ctx, evicted)
}

// load returns the states of the groups, empty ones for those never seen, each with room
// for what arrived for it.
func (f *folder) load(ctx context.Context, keys []groupKey, arrived []arrivals) ([]state.Group, error) {
	values, err := f.values(ctx, keys)
	if err != nil {
		f.failed(ctx, "read", err)
		return nil, fmt.Errorf("reading the state of %d groups failed, nothing was acknowledged: %w", len(keys), err)
	}
	groups := make([]state.Group, len(keys))
	for i, key := range keys {
		if values[i] == nil {
			continue
		}
		room := 0
		if arrived != nil {
			room = len(arrived[i].observations)
		}
		if groups[i], err = state.Decode(values[i], room); err != nil {
			err = fmt.Errorf("group %s: %w; nothing was acknowledged: restore the state from a backup, or move it away and let the receiver read the vendor again", key, err)
			f.failed(ctx, "read", err)
			return nil, err
		}
	}
	return groups, nil
}

func (f *folder) values(ctx context.Context, keys []groupKey) ([][]byte, error) {
	if f.cache == nil {
		return f.store.Load(ctx, keys)
	}
	values := make([][]byte, len(keys))
	missing := f.cache.Get(keys, values)
	if len(missing) == 0 {
		return values, nil
	}
	wanted := make([]groupKey, len(missing))
	for i, at := range missing {
		wanted[i] = keys[at]
	}
	loaded, err := f.store.Load(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for i, at := range missing {
		values[at] = loaded[i]
	}
	return values, nil
}

// failed makes a failing store loud.
func (f *folder) failed(ctx context.Context, step string, err error) {
	f.telemetry.failed(ctx, step)
	if errors.Is(err, context.Canceled) || consumererror.IsPermanent(err) {
		return
	}
	what := "state store"
	if step == "history" {
		what = "history"
	}
	f.logger.Error("The "+what+" fails; nothing is acknowledged until it works again.",
		zap.String("step", step), zap.Error(err))
}
