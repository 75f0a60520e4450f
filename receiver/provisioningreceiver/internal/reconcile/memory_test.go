package reconcile

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// memory is a storage that survives its clients and fails on command.
type memory struct {
	values  map[string][]byte
	fails   bool
	batches int
	written int // bytes
}

var errStorage = errors.New("the storage is full")

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) { return m.values[key], nil }

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memory) Batch(_ context.Context, operations ...*storage.Operation) error {
	if m.fails {
		return errStorage
	}
	m.batches++
	for _, o := range operations {
		switch o.Type {
		case storage.Get:
			o.Value = m.values[o.Key]
		case storage.Set:
			m.values[o.Key] = append([]byte(nil), o.Value...)
			m.written += len(o.Value)
		case storage.Delete:
			delete(m.values, o.Key)
		}
	}
	return nil
}

func (*memory) Close(context.Context) error { return nil }

// clone is what another process finds after a crash.
func (m *memory) clone() *memory { return &memory{values: maps.Clone(m.values)} }

// open opens what a storage remembers.
func open(t require.TestingT, m *memory) *Delivered {
	d := NewDelivered(zap.NewNop())
	require.NoError(t, d.Open(context.Background(), m))
	return d
}

func summary(t *testing.T, d *Delivered, h Hour) Summary {
	t.Helper()
	s, err := d.Summary(t.Context(), h)
	require.NoError(t, err)
	return s
}
