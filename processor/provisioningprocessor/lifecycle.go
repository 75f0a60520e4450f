package provisioningprocessor

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/collector/component"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// Start implements component.Component: it opens the state and starts the timers.
// Groups are loaded when they are needed.
func (c *correlator) Start(ctx context.Context, host component.Host) error {
	if err := c.findHistory(host); err != nil {
		return err
	}
	var err error
	if c.errors, err = LoadSignatures(c.cfg.ErrorSignatures); err != nil {
		return err
	}
	opened, err := c.openStore()
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	c.store, c.names = opened, newNameCache(opened)
	if err := c.begin(ctx); err != nil {
		return errors.Join(fmt.Errorf("opening the state: %w", err), c.store.Close(ctx))
	}
	if err := c.telemetry.observe(c); err != nil {
		return errors.Join(err, c.store.Close(ctx))
	}
	c.wakeUp() // for corrections that the last process left
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.done.Go(func() { c.watch(watching) })
	return nil
}

// LoadSignatures makes the classifier of the built-in signatures and those of a file.
func LoadSignatures(path string) (*errorclass.Classifier, error) {
	if path == "" {
		return errorclass.Extend(nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("error_signatures: %w", err)
	}
	defer f.Close()
	c, err := errorclass.Extend(f)
	if err != nil {
		return nil, fmt.Errorf("error_signatures: %s: %w", path, err)
	}
	return c, nil
}

func (c *correlator) openConfigured() (store.Store, error) {
	if c.cfg.State.HasValue() {
		state := c.cfg.State.Get()
		return store.Open(state.Directory, int64(state.CacheSizeMiB)<<20, c.logger)
	}
	if c.history != nil {
		c.logger.Info("No state is configured: the groups live in memory only. After a restart they come from the history, and activities that nothing arrives for are not flagged as stalled or overdue.")
	} else {
		c.logger.Warn("No state is configured: the groups live in memory only and a restart forgets them. " +
			"Their activities would then be emitted from nothing. Set state::directory.")
	}
	return store.OpenMemory(1<<20, c.logger)
}

// begin starts a new epoch unless the last process ended in order.
func (c *correlator) begin(ctx context.Context) error {
	b, err := c.store.Meta(ctx)
	if err != nil {
		return err
	}
	m := meta{clean: true, alive: c.latestMoment(), totals: totals{}}
	if b != nil {
		if m, err = decodeMeta(b); err != nil {
			return err
		}
	}
	c.continueClock(m.alive)
	c.loss.begin(&m, b == nil)
	if b == nil && c.history != nil {
		m.epoch = c.secondsEpoch() + 1 // above those of a state that was lost, in this second too
	}
	if !m.clean {
		m.epoch++
		m.lastInterruption = max(c.latestMoment(), m.alive)
	}
	c.lastInterruption.Store(m.lastInterruption)
	c.epoch.Store(m.epoch)
	c.epochStart.Store(m.epoch)
	c.totals.Store(&m.totals)
	_, err = c.reserve(ctx)
	return err
}

// Shutdown implements component.Component.
func (c *correlator) Shutdown(ctx context.Context) error {
	if c.stop == nil {
		c.telemetry.shutdown()
		return nil
	}
	c.stop()
	c.stop = nil
	c.done.Wait()
	c.telemetry.shutdown()
	return errors.Join(c.end(ctx), c.store.Close(ctx))
}

// end notes that nothing is under way.
func (c *correlator) end(ctx context.Context) error {
	c.commits.Lock()
	defer c.commits.Unlock()
	if c.stale {
		return nil // the next start begins a new epoch
	}
	m := c.meta(c.epoch.Load())
	m.clean = true
	err := c.store.Commit(ctx, &store.Batch{Meta: m.encode()})
	if err == nil {
		err = c.store.Flush(ctx)
	}
	if err != nil {
		return fmt.Errorf("closing the state: %w", err)
	}
	return nil
}
