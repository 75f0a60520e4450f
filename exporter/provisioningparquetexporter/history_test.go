package provisioningparquetexporter

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/archive"
)

// statusHost has a storage extension in memory and records statuses.
type statusHost struct {
	component.Component
	mu       sync.Mutex
	values   map[string][]byte
	statuses []*componentstatus.Event
}

var storageID = component.MustNewID("file_storage")

func (h *statusHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h}
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, e)
}

func (h *statusHost) status() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.NewEvent(componentstatus.StatusNone)
	}
	return h.statuses[len(h.statuses)-1]
}

func (h *statusHost) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return &valueClient{storage.NewNopClient(), h}, nil
}

type valueClient struct {
	storage.Client
	host *statusHost
}

// Batch is what the queue's wrapper of the storage calls.
func (c *valueClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.host.mu.Lock()
	defer c.host.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = c.host.values[op.Key]
		case storage.Set:
			c.host.values[op.Key] = op.Value
		case storage.Delete:
			delete(c.host.values, op.Key)
		}
	}
	return nil
}

// TestAChainThatVanishedIsRefused: only the storage extension remembers the chain. The
// exporter seals nothing, says so in its status, and stores what arrives.
func TestAChainThatVanishedIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	cfg := quickConfig(dir)
	cfg.StorageID = &storageID
	host := &statusHost{values: map[string][]byte{}}
	run := func(f func()) {
		e := create(t, cfg)
		require.NoError(t, e.Start(t.Context(), host))
		logs, _ := logsOf(5)
		require.NoError(t, e.ConsumeLogs(t.Context(), logs))
		require.Eventually(t, func() bool {
			list, err := archive.Files(t.Context(), dir)
			return err == nil && len(list) > 0
		}, 10*time.Second, 10*time.Millisecond)
		f()
		require.NoError(t, e.Shutdown(t.Context()))
	}
	run(func() { require.Equal(t, componentstatus.StatusNone, host.status().Status()) })
	head, err := archive.LastHead(archive.HeadPath(cfg.signingKey()))
	require.NoError(t, err)
	require.Contains(t, string(host.values["archive"]), head.Digest)

	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.Remove(archive.HeadPath(cfg.signingKey())))
	run(func() {
		require.Eventually(t, func() bool { return host.status().Status() == componentstatus.StatusPermanentError }, 10*time.Second, 10*time.Millisecond)
		require.ErrorContains(t, host.status().Err(), head.Digest)
		require.ErrorContains(t, host.status().Err(), "according to storage file_storage; found is no chain")
	})
	require.NoDirExists(t, filepath.Join(dir, "_chain"))
	records, _ := stored(t, dir)
	require.Len(t, records, 5)

	_, err = archive.Recover(t.Context(), dir, archive.Options{KeyFile: cfg.signingKey(), Now: func() time.Time { return noon }}, []archive.Head{head}, "deleted by mistake")
	require.NoError(t, err)
	host.statuses = nil
	before := maps.Clone(host.values)
	run(func() { require.Equal(t, componentstatus.StatusNone, host.status().Status()) })
	require.NotEqual(t, before, host.values, "the new head is remembered")
	require.DirExists(t, filepath.Join(dir, "_chain"))
}
