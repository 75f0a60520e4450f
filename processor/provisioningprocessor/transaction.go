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

// transaction is what one batch, or one part of the timers or corrections, emits and
// stores.
type transaction struct {
	epoch     uint32
	out       plog.Logs
	changes   []store.GroupChange
	updates   []update
	names     *nameLookup
	handled   *store.DueTimers
	corrected *store.Correction

	duplicates []provisioning.Feed
	unreadable int
	expired    int
	adopted    int
}

// update is a group before and after, for the totals and the metrics.
type update struct {
	before, after *state.Group
	change        *change.Change
}

func (*transaction) emit(r *record.Record, to plog.LogRecordSlice) {
	record.WriteRecord(r, to.AppendEmpty())
}

func (*transaction) summarize(g *record.Group, to plog.LogRecordSlice) {
	if g != nil {
		record.WriteGroup(g, to.AppendEmpty())
	}
}

func (t *transaction) put(key groupKey, before, after *state.Group, found *change.Change, timer bool) {
	c := store.GroupChange{Key: key, Value: after.Encode()}
	c.Waits, c.Settled = waits(before, after)
	if timer {
		c.Timer = after.Timer
	}
	t.changes = append(t.changes, c)
	t.updates = append(t.updates, update{before: before, after: after, change: found})
}

// forget deletes a group: its retention is over, or another collector goes on with it.
func (t *transaction) forget(key groupKey, before *state.Group) {
	c, after := store.GroupChange{Key: key}, &state.Group{}
	c.Waits, c.Settled = waits(before, after)
	t.changes = append(t.changes, c)
	t.updates = append(t.updates, update{before: before, after: after, change: &change.Change{Before: change.Activities(before)}})
}

func (t *transaction) storesNothing() bool {
	return len(t.changes) == 0 && len(t.names.learned) == 0 && t.handled == nil && t.corrected == nil
}

// apply lets a transaction take effect: first the next consumer, then the store. After an
// error the store has not changed, or whether it has is unknown.
func (c *correlator) apply(ctx context.Context, t *transaction) error {
	if t.out.LogRecordCount() > 0 {
		if err := c.next.ConsumeLogs(ctx, t.out); err != nil {
			// A part of the next consumers may have it.
			c.interrupted()
			return err
		}
	}
	if !t.storesNothing() {
		if err := c.commit(context.WithoutCancel(ctx), t); err != nil {
			c.failed(ctx, "write", err)
			return fmt.Errorf("writing the state of %d groups failed; the batch was emitted, is not acknowledged, and will be emitted again with the same ids: %w", len(t.changes), err)
		}
	}
	c.telemetry.applied(ctx, c, t)
	return nil
}

// commit writes the transaction and waits until it is durable.
func (c *correlator) commit(ctx context.Context, t *transaction) error {
	err := c.write(ctx, t)
	if err == nil {
		err = c.store.Flush(ctx)
	}
	if err == nil {
		return nil
	}
	// Whether it was written is unknown: everything is read again.
	c.interrupted()
	c.commits.Lock()
	c.stale = true
	c.commits.Unlock()
	c.names.forget()
	return err
}

func (c *correlator) write(ctx context.Context, t *transaction) error {
	difference := totals{}
	for _, u := range t.updates {
		difference.add(u.change.Before, c.flagger(t.names, u.before), -1)
		difference.add(u.change.After, c.flagger(t.names, u.after), 1)
	}
	c.commits.Lock()
	defer c.commits.Unlock()
	if c.stale {
		if err := c.readMeta(ctx); err != nil {
			return err
		}
	}
	names, correct, err := c.namesToStore(ctx, t)
	if err != nil {
		return err
	}
	sum := c.totals.Load().plus(difference)
	m := c.meta(c.reservedEpoch.Load())
	m.totals = sum
	b := store.Batch{Meta: m.encode(), Groups: t.changes, Handled: t.handled, Corrected: t.corrected}
	c.addNames(&b, names, correct)
	if err := c.store.Commit(ctx, &b); err != nil {
		return err
	}
	c.totals.Store(&sum)
	c.names.put(names)
	if len(correct) > 0 {
		c.wakeUp()
	}
	return nil
}

func (c *correlator) flagger(names *nameLookup, g *state.Group) func(*provisioning.Activity) bool {
	return func(a *provisioning.Activity) bool {
		return names.thresholds(c.thresholds, a.Key.Tenant).Flagged(a, g.Checked)
	}
}

// meta is the state's own record as it is now, with an epoch.
func (c *correlator) meta(epoch uint32) meta {
	return meta{
		epoch: epoch, lastInterruption: c.lastInterruption.Load(), alive: uint64(c.timestamp()),
		born: uint64(c.loss.born), lost: c.loss.lost.Load(), totals: *c.totals.Load(),
	}
}

// readMeta brings the totals up to those of the store.
func (c *correlator) readMeta(ctx context.Context) error {
	b, err := c.store.Meta(ctx)
	if err != nil {
		return fmt.Errorf("reading the state's own record: %w", err)
	}
	m := meta{totals: totals{}}
	if b != nil {
		if m, err = decodeMeta(b); err != nil {
			return err
		}
	}
	c.totals.Store(&m.totals)
	c.stale = false
	return nil
}

// load returns the states of the groups, empty ones for those never seen, each with room
// for what arrived for it.
func (c *correlator) load(ctx context.Context, keys []groupKey, arrived []arrivals) ([]state.Group, error) {
	groups := make([]state.Group, len(keys))
	err := c.store.Load(ctx, store.Groups, keys, func(i int, value []byte) (err error) {
		room := 0
		if arrived != nil {
			room = len(arrived[i].observations)
		}
		if groups[i], err = state.Decode(value, room); err != nil {
			return fmt.Errorf("group %s: %w: restore the state from a backup, or move it away and let the receiver read the vendor again", keys[i], err)
		}
		return nil
	})
	if err != nil {
		c.failed(ctx, "read", err)
		return nil, fmt.Errorf("reading the state of %d groups failed, nothing was acknowledged: %w", len(keys), err)
	}
	return groups, nil
}

// failed makes a failing store loud.
func (c *correlator) failed(ctx context.Context, step string, err error) {
	c.telemetry.failed(ctx, step)
	if errors.Is(err, context.Canceled) || consumererror.IsPermanent(err) {
		return
	}
	what := "state store"
	if step == "history" {
		what = "history"
	}
	c.logger.Error("The "+what+" fails; nothing is acknowledged until it works again.",
		zap.String("step", step), zap.Error(err))
}
