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

// With a history several collectors share the groups. Whoever gets a group asks for
// what is stored of it; where that is newer than what it knows, another one has told
// of the group meanwhile, and its observations are borrowed.

// epoch is when generations begin to count seconds, where there is a history: a
// collector that takes a group over is then above one that told something nobody
// has seen yet. Their 31 bits last until 2093.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func (f *folder) findHistory(host component.Host) error {
	if f.cfg.History == nil {
		return nil
	}
	extension, ok := host.GetExtensions()[*f.cfg.History]
	if !ok {
		return fmt.Errorf("history %s is not among the service's extensions", f.cfg.History)
	}
	if f.history, ok = extension.(history.Store); !ok {
		return fmt.Errorf("history %s is no extension that knows what was told of groups", f.cfg.History)
	}
	return nil
}

// told asks for what others told of the groups, which are those of keys. Where it says
// that nothing is known, nobody did.
func (f *folder) told(ctx context.Context, keys []groupKey, groups []state.Group, name func(int) *provisioning.Observation) (map[groupKey]history.StoredGroup, error) {
	if f.history == nil {
		return nil, nil
	}
	known := make([]history.KnownGroup, 0, len(keys))
	for i, key := range keys {
		if o := name(i); o != nil {
			known = append(known, history.KnownGroup{Key: key, Tenant: o.Tenant, GroupID: o.GroupID, Version: groups[i].Version})
		}
	}
	told, err := f.history.Stored(ctx, known)
	if err != nil {
		f.failed(ctx, "history", err)
		return nil, fmt.Errorf("asking %s for what was told of %d groups failed, nothing was acknowledged: %w", f.cfg.History, len(known), err)
	}
	return told, nil
}

// borrow asks for what others told of groups that something arrived for, and raises the
// generation above it.
func (f *folder) borrow(ctx context.Context, in *intake, groups []state.Group) (map[groupKey]history.StoredGroup, error) {
	told, err := f.told(ctx, in.keys, groups, func(i int) *provisioning.Observation { return in.groups[i].observations[0] })
	if err != nil || f.history == nil {
		return nil, err
	}
	begins := len(told) > 0
	highest := uint64(0)
	for _, t := range told {
		highest = max(highest, t.Version)
	}
	for i := range groups {
		begins = begins || len(groups[i].Observations) == 0
	}
	if begins {
		f.raise(max(uint32(highest>>32)+1, uint32(f.now().Sub(epoch)/time.Second)))
	}
	return told, nil
}

// raise makes the generation at least want.
func (f *folder) raise(want uint32) {
	for {
		now := f.generation.Load()
		if now >= want || f.generation.CompareAndSwap(now, want) {
			return
		}
	}
}
