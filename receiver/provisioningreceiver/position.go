package provisioningreceiver

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// position is a file consumer's part of the storage, which can be frozen: nothing is
// stored any more, so that the next start reads again what was not accepted.
type position struct {
	storage.Client
	prefix string
	frozen atomic.Bool
}

func (p *position) freeze() { p.frozen.Store(true) }

// forget removes what the file consumer stored.
func (p *position) forget(ctx context.Context) error {
	return p.Client.Delete(ctx, p.prefix+"knownFiles")
}

// Get returns a value.
func (p *position) Get(ctx context.Context, key string) ([]byte, error) {
	return p.Client.Get(ctx, p.prefix+key)
}

// Set stores a value unless frozen.
func (p *position) Set(ctx context.Context, key string, value []byte) error {
	if p.frozen.Load() {
		return nil
	}
	return p.Client.Set(ctx, p.prefix+key, value)
}

// Delete deletes a value unless frozen.
func (p *position) Delete(ctx context.Context, key string) error {
	if p.frozen.Load() {
		return nil
	}
	return p.Client.Delete(ctx, p.prefix+key)
}

// Batch runs the operations unless frozen.
func (p *position) Batch(ctx context.Context, ops ...*storage.Operation) error {
	if p.frozen.Load() {
		return nil
	}
	for _, op := range ops {
		op.Key = p.prefix + op.Key
	}
	return p.Client.Batch(ctx, ops...)
}
