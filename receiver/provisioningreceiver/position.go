package provisioningreceiver

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// position is the file consumer's storage, which can be frozen: nothing is stored
// any more, so that the next start reads again what was not accepted.
type position struct {
	storage.Client
	frozen atomic.Bool
}

func (p *position) freeze() { p.frozen.Store(true) }

// Set stores a value unless frozen.
func (p *position) Set(ctx context.Context, key string, value []byte) error {
	if p.frozen.Load() {
		return nil
	}
	return p.Client.Set(ctx, key, value)
}

// Delete deletes a value unless frozen.
func (p *position) Delete(ctx context.Context, key string) error {
	if p.frozen.Load() {
		return nil
	}
	return p.Client.Delete(ctx, key)
}

// Batch runs the operations unless frozen.
func (p *position) Batch(ctx context.Context, ops ...*storage.Operation) error {
	if p.frozen.Load() {
		return nil
	}
	return p.Client.Batch(ctx, ops...)
}
