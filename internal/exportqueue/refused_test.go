package exportqueue

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/internal/columnar"
)

// memory is a storage that refuses the next items.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	mu     sync.Mutex
	values map[string][]byte
	refuse int
}

var errRefused = errors.New("no space left on device")

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}
func (m *memory) Close(context.Context) error { return nil }

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := m.Batch(ctx, op)
	return op.Value, err
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if stores := len(ops) == 2 && ops[1].Type == storage.Set; stores && m.refuse > 0 {
		m.refuse--
		return errRefused
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.values[op.Key]
		case storage.Set:
			m.values[op.Key] = append([]byte(nil), op.Value...)
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

type hostOf map[component.ID]component.Component

func (h hostOf) GetExtensions() map[component.ID]component.Component { return h }

// TestRefusedItemLeavesNothingBehind: the queue returns an error to the sender of a batch
// that the storage refuses, and uses up its number. The gap is not reported as damage.
func TestRefusedItemLeavesNothingBehind(t *testing.T) {
	id := component.MustNewID("memory")
	disk := &memory{values: map[string][]byte{}, refuse: 1}
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID, queue.Sizer, queue.QueueSize = &id, exporterhelper.RequestSizerTypeItems, 1000
	queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	pushed := make(chan []int64, 10)
	e, err := NewLogs(t.Context(), exportertest.NewNopSettings(component.MustNewType("test")), func(_ context.Context, batches []*columnar.Batch) error {
		pushed <- numbers(batches...)
		return nil
	}, func(context.Context, int) {}, configoptional.Some(queue))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostOf{id: disk}))
	send := func(first int) error { return e.ConsumeLogs(t.Context(), someBatch(first, 2).Logs()) }
	require.ErrorIs(t, send(10), errRefused)
	require.NoError(t, send(20))
	require.NoError(t, send(30))
	for _, first := range []int{20, 30} {
		select {
		case got := <-pushed:
			require.ElementsMatch(t, numbers(someBatch(first, 2)), got)
		case <-time.After(10 * time.Second):
			t.Fatal("the batch was not pushed")
		}
	}
	require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context())))
	require.Empty(t, pushed)
}
