package provisioningprocessor

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
)

// With a history several collectors share the groups. The collector that gets a group
// asks what is stored of it; where that is newer than what the collector knows, another
// one emitted the group meanwhile, and its observations are adopted.

// epochBegin is when epochs begin to count seconds, where there is a history: a collector
// that takes a group over is then above one that emitted something nobody has seen yet.
// The 31 bits of an epoch last until 2093.
var epochBegin = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func (c *correlator) findHistory(host component.Host) error {
	if c.cfg.History == nil {
		return nil
	}
	extension, ok := host.GetExtensions()[*c.cfg.History]
	if !ok {
		return fmt.Errorf("history: extension %q is not configured: add it to service::extensions", c.cfg.History)
	}
	if c.history, ok = extension.(history.Store); !ok {
		return fmt.Errorf("history: extension %q reads no history: use one such as provisioning_history", c.cfg.History)
	}
	return nil
}

// storedGroups asks what others stored of the groups, which are those of keys. A group
// for which one returns nil is unknown to everybody.
func (c *correlator) storedGroups(ctx context.Context, keys []groupKey, groups []state.Group, arrived []arrivals, one func(int) *provisioning.Observation) (map[groupKey]history.StoredGroup, error) {
	if c.history == nil {
		return nil, nil
	}
	asks, err := c.asksFor(ctx, groups, arrived)
	if err != nil {
		return nil, err
	}
	known := make([]history.KnownGroup, 0, len(keys))
	for i, key := range keys {
		if o := one(i); o != nil && asks(i) {
			known = append(known, history.KnownGroup{Key: key, Tenant: o.Tenant, GroupID: o.GroupID, Version: groups[i].Version})
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	stored, err := c.history.Stored(ctx, known)
	if err != nil {
		c.failed(ctx, "history", err)
		return nil, fmt.Errorf("asking %s what is stored of %d groups failed, nothing was acknowledged: %w", c.cfg.History, len(known), err)
	}
	return stored, nil
}

// storedByOthers asks what others stored of groups that something arrived for, and raises
// the epoch above it.
func (c *correlator) storedByOthers(ctx context.Context, in *intake, groups []state.Group) (map[groupKey]history.StoredGroup, error) {
	stored, err := c.storedGroups(ctx, in.keys, groups, in.groups, func(i int) *provisioning.Observation { return in.groups[i].observations[0] })
	if err != nil || c.history == nil {
		return nil, err
	}
	begins := len(stored) > 0
	highest := uint64(0)
	for _, s := range stored {
		highest = max(highest, s.Version)
	}
	for i := range groups {
		begins = begins || c.cfg.HistoryFor == HistoryShared && len(groups[i].Observations) == 0
	}
	if begins {
		c.raise(max(uint32(highest>>32)+1, c.secondsEpoch()))
	}
	return stored, nil
}

func (c *correlator) secondsEpoch() uint32 { return uint32(c.now().Sub(epochBegin) / time.Second) }

// raise makes the epoch at least want.
func (c *correlator) raise(want uint32) {
	for {
		now := c.epoch.Load()
		if now >= want || c.epoch.CompareAndSwap(now, want) {
			return
		}
	}
}
