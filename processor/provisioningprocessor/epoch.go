package provisioningprocessor

import (
	"context"
	"fmt"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// Epochs are reserved in the store ahead of their use, so that a process that follows a
// crash begins above all that were used.
const (
	reserveAhead  = 1000
	reserveMargin = 100 // more than there are batches under way at once
)

// interrupted notes that something may have been emitted that is not in the store.
func (c *correlator) interrupted() {
	c.lastInterruption.Store(c.latestMoment())
	c.epochStart.Store(c.epoch.Add(1))
}

// reserved makes sure that the epoch in use is below the reserved one.
func (c *correlator) reserved(ctx context.Context) error {
	if c.epoch.Load()+reserveMargin <= c.reservedEpoch.Load() {
		return nil
	}
	if err := c.reserve(ctx); err != nil {
		c.failed(ctx, "write", err)
		return fmt.Errorf("writing the state's own record failed, nothing was emitted and nothing acknowledged: %w", err)
	}
	return nil
}

func (c *correlator) reserve(ctx context.Context) error {
	c.commits.Lock()
	defer c.commits.Unlock()
	if c.stale {
		if err := c.readMeta(ctx); err != nil {
			return err
		}
	}
	epoch := c.epoch.Load() + reserveAhead
	m := c.meta(epoch)
	if err := c.store.Commit(ctx, &store.Batch{Meta: m.encode()}); err != nil {
		return err
	}
	if err := c.store.Flush(ctx); err != nil {
		return err
	}
	c.reservedEpoch.Store(epoch)
	return nil
}
