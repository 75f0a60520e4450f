package provisioningprocessor

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/cache"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// Start implements component.Component: it opens the state and starts the timers.
// States are loaded when they are needed.
func (f *folder) Start(ctx context.Context, host component.Host) error {
	if err := f.findHistory(host); err != nil {
		return err
	}
	if err := f.open(ctx, host); err != nil {
		return err
	}
	if err := f.begin(ctx); err != nil {
		return errors.Join(fmt.Errorf("opening the state: %w", err), f.close(ctx))
	}
	if err := f.telemetry.observe(f); err != nil {
		return errors.Join(err, f.close(ctx))
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stop = stop
	f.done.Go(func() { f.watch(watching) })
	return nil
}

func (f *folder) open(ctx context.Context, host component.Host) error {
	if f.cfg.State.HasValue() {
		state := f.cfg.State.Get()
		opened, err := store.OpenPebble(state.Directory, int64(state.BlockCacheMiB)<<20, f.logger)
		if err != nil {
			return fmt.Errorf("state: %w", err)
		}
		f.store = opened
		f.cache = cache.New(f.cfg.CacheSizeMiB << 20)
		return nil
	}
	if f.cfg.Storage == nil && f.history != nil {
		f.logger.Info("Neither state nor storage is configured: the groups live in memory only. After a restart they come from the history, and activities that nothing arrives for are not flagged as stalled or overdue.")
		f.store = store.NewMemory()
		return nil
	}
	if f.cfg.Storage == nil {
		f.logger.Warn("Neither state nor storage is configured: the groups live in memory only and a restart forgets them. " +
			"Their activities would then be told from nothing. Set state.directory, or storage to a storage extension.")
		f.store = store.NewMemory()
		return nil
	}
	return f.openStorage(ctx, host)
}

func (f *folder) openStorage(ctx context.Context, host component.Host) error {
	extension, ok := host.GetExtensions()[*f.cfg.Storage]
	if !ok {
		return fmt.Errorf("storage %s is not among the service's extensions", f.cfg.Storage)
	}
	provider, ok := extension.(storage.Extension)
	if !ok {
		return fmt.Errorf("storage %s is no storage extension", f.cfg.Storage)
	}
	client, err := provider.GetClient(ctx, component.KindProcessor, f.id, "")
	if err != nil {
		return fmt.Errorf("storage %s: %w", f.cfg.Storage, err)
	}
	opened, err := store.OpenClient(ctx, client, int64(f.timestamp()/state.Tick))
	if err != nil {
		return errors.Join(fmt.Errorf("storage %s: %w", f.cfg.Storage, err), client.Close(ctx))
	}
	f.store = opened
	f.cache = cache.New(f.cfg.CacheSizeMiB << 20)
	return nil
}

// begin starts a new generation unless the last process ended in order.
func (f *folder) begin(ctx context.Context) error {
	b, err := f.store.Meta(ctx)
	if err != nil {
		return err
	}
	m := meta{clean: true, totals: totals{}}
	if b != nil {
		if m, err = decodeMeta(b); err != nil {
			return err
		}
	}
	if !m.clean {
		m.generation++
		m.doubt = uint64(f.timestamp())
	}
	f.doubt.Store(m.doubt)
	f.generation.Store(m.generation)
	f.since.Store(m.generation)
	f.totals.Store(&m.totals)
	return f.reserve(ctx)
}

// Shutdown implements component.Component.
func (f *folder) Shutdown(ctx context.Context) error {
	if f.stop == nil {
		f.telemetry.shutdown()
		return nil
	}
	f.stop()
	f.stop = nil
	f.done.Wait()
	f.telemetry.shutdown()
	return errors.Join(f.end(ctx), f.close(ctx))
}

// end notes that nothing is under way.
func (f *folder) end(ctx context.Context) error {
	f.commits.Lock()
	defer f.commits.Unlock()
	if f.stale {
		return nil // the next start begins a new generation
	}
	m := meta{generation: f.generation.Load(), doubt: f.doubt.Load(), clean: true, totals: *f.totals.Load()}
	err := f.store.Commit(ctx, &store.Batch{Meta: m.encode()})
	if err == nil {
		err = f.store.Flush(ctx)
	}
	if err != nil {
		return fmt.Errorf("closing the state: %w", err)
	}
	return nil
}

func (f *folder) close(ctx context.Context) error {
	if f.store == nil {
		return nil
	}
	return f.store.Close(ctx)
}
