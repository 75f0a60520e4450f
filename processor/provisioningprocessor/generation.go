package provisioningprocessor

import (
	"context"
	"fmt"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// Generations are reserved in the store ahead of their use, so that a process
// that follows a crash begins above all that were used.
const (
	reserveAhead  = 1000
	reserveMargin = 100 // more than there are batches under way at once
)

// interrupted notes that something may have been told that is not in the store.
func (f *folder) interrupted() {
	f.doubt.Store(uint64(f.timestamp()))
	f.since.Store(f.generation.Add(1))
}

// reserved makes sure that the generation in use is below the stored bound.
func (f *folder) reserved(ctx context.Context) error {
	if f.generation.Load()+reserveMargin <= f.bound.Load() {
		return nil
	}
	if err := f.reserve(ctx); err != nil {
		f.failed(ctx, "write", err)
		return fmt.Errorf("writing the state's own record failed, nothing was told and nothing acknowledged: %w", err)
	}
	return nil
}

func (f *folder) reserve(ctx context.Context) error {
	f.commits.Lock()
	defer f.commits.Unlock()
	if f.stale {
		if err := f.readMeta(ctx); err != nil {
			return err
		}
	}
	bound := f.generation.Load() + reserveAhead
	m := meta{generation: bound, doubt: f.doubt.Load(), totals: *f.totals.Load()}
	if err := f.store.Commit(ctx, &store.Batch{Meta: m.encode()}); err != nil {
		return err
	}
	if err := f.store.Flush(ctx); err != nil {
		return err
	}
	f.bound.Store(bound)
	return nil
}
