package provisioningprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// A correction has the groups that wait for a source's name evaluated, and emitted again
// where the name changes them. The transaction that stores the name stores the correction
// too; it is done in parts, by the goroutine of the timers.

// correct does the stored corrections.
func (c *correlator) correct(ctx context.Context) error {
	c.timers.Lock()
	defer c.timers.Unlock()
	for ctx.Err() == nil {
		part, err := c.store.NextCorrection(ctx)
		if err != nil {
			c.failed(ctx, "corrections", err)
			return err
		}
		if part == nil {
			return nil
		}
		t := transaction{corrected: part}
		all := func(*state.Group) bool { return true }
		if err := c.evaluate(ctx, &t, part.Groups, all, c.timestamp()); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// wakeUp has corrections done soon.
func (c *correlator) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default: // it is awake already
	}
}

// namesToStore compares what a transaction learned and used with what is committed. It
// returns the names that are newer, and the sources whose groups are to be corrected:
// those with a newer name, and those whose name changed since the transaction looked it
// up. The caller holds the commits' lock.
func (c *correlator) namesToStore(ctx context.Context, t *transaction) (names map[sourceKey]sourceName, correct map[sourceKey]bool, err error) {
	names, correct = map[sourceKey]sourceName{}, map[sourceKey]bool{}
	for key, name := range t.names.learned {
		known, err := c.names.get(ctx, key)
		if err != nil {
			return nil, nil, err
		}
		merged := known.with(name)
		if merged == known {
			continue
		}
		names[key] = merged
		if merged.name != known.name {
			correct[key] = true
		}
	}
	for _, u := range t.updates {
		for _, used := range u.after.Names {
			key := sourceKey{u.after.Observations[0].Tenant, used.ID}
			current, ok := names[key]
			if !ok {
				if current, err = c.names.get(ctx, key); err != nil {
					return nil, nil, err
				}
			}
			if current.name != used.Name {
				correct[key] = true
			}
		}
	}
	return names, correct, nil
}

// addNames adds names and corrections to a batch.
func (c *correlator) addNames(b *store.Batch, names map[sourceKey]sourceName, correct map[sourceKey]bool) {
	for key, name := range names {
		b.Names = append(b.Names, store.NameChange{Source: key.hash(), Value: name.encode()})
	}
	for key := range correct {
		// The numbers grow across restarts too.
		c.corrections = max(c.corrections+1, uint64(c.timestamp()))
		b.Correct = append(b.Correct, store.NewCorrection{Number: c.corrections, Source: key.hash()})
	}
}

// waits returns the sources whose name the group lacks after a change and did not before,
// and those of which the reverse holds.
func waits(before, after *state.Group) (waits, settled []provisioning.ID) {
	missing := func(from, in *state.Group) (ids []provisioning.ID) {
		for _, n := range from.Names {
			if !in.Lacks(n.ID) {
				ids = append(ids, sourceKey{from.Observations[0].Tenant, n.ID}.hash())
			}
		}
		return ids
	}
	return missing(after, before), missing(before, after)
}

// evaluate emits the changes of groups for which nothing arrived: flags that are due, and
// names that became known. It is called for groups that wait for a timer or a name.
func (c *correlator) evaluate(ctx context.Context, t *transaction, keys []groupKey, due func(*state.Group) bool, now pcommon.Timestamp) error {
	defer c.locks.Lock(keys)()
	groups, err := c.load(ctx, keys, nil)
	if err != nil {
		return err
	}
	stored, err := c.storedGroups(ctx, keys, groups, nil, func(i int) *provisioning.Observation {
		if len(groups[i].Observations) == 0 {
			return nil
		}
		return &groups[i].Observations[0]
	})
	if err != nil {
		return err
	}
	if t.epoch, err = c.reserved(ctx); err != nil {
		return err
	}
	names := c.lookup(ctx)
	t.names = names
	t.out = plog.NewLogs()
	to := t.out.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i, key := range keys {
		before := &groups[i]
		if _, moved := stored[key]; moved {
			t.forget(key, before)
			continue
		}
		if len(before.Observations) > 0 && due(before) {
			c.evaluateGroup(t, key, before, names, to, now)
		}
	}
	if err := names.failed(); err != nil {
		return err
	}
	return c.apply(ctx, t)
}
