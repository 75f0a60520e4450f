package provisioningprocessor

import (
	"context"
	"fmt"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// interrupted notes that something may have been emitted that is not in the store.
func (c *correlator) interrupted() {
	c.lastInterruption.Store(c.latestMoment())
	c.epochStart.Store(c.epoch.Add(1))
}

// reserved returns the epoch in use. It is stored before it is used, so that a process that
// follows a crash begins above all that were used. No other is stored: one that runs ahead of the
// time may be that of a state which follows when this one is lost.
func (c *correlator) reserved(ctx context.Context) (uint32, error) {
	if epoch := c.epoch.Load(); epoch <= c.reservedEpoch.Load() {
		return epoch, nil
	}
	epoch, err := c.reserve(ctx)
	if err != nil {
		c.failed(ctx, "write", err)
		return 0, fmt.Errorf("writing the state's own record failed, nothing was emitted and nothing acknowledged: %w", err)
	}
	return epoch, nil
}

func (c *correlator) reserve(ctx context.Context) (uint32, error) {
	c.commits.Lock()
	defer c.commits.Unlock()
	if c.stale {
		if err := c.readMeta(ctx); err != nil {
			return 0, err
		}
	}
	epoch := c.epoch.Load()
	m := c.meta(epoch)
	if err := c.store.Commit(ctx, &store.Batch{Meta: m.encode()}); err != nil {
		return 0, err
	}
	if err := c.store.Flush(ctx); err != nil {
		return 0, err
	}
	c.reservedEpoch.Store(epoch)
	return epoch, nil
}
