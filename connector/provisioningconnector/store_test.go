package provisioningconnector

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/provtrail/provtrail/connector/provisioningconnector/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
)

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

var storageID = component.MustNewID("file_storage")

// disk is a real file_storage in a folder.
func disk(t *testing.T, dir string) host {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = dir
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	return host{storageID: extension}
}

// stored starts a connector over the folder; stop ends it, in order or as a kill does.
func stored(t *testing.T, dir string, next *consumertest.TracesSink, size int) (tr *tracer, stop func()) {
	t.Helper()
	on := disk(t, dir)
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	tr, err := newConnector(set, &Config{MaxGroups: size, Storage: &storageID}, next)
	require.NoError(t, err)
	require.NoError(t, tr.Start(t.Context(), on))
	return tr, func() {
		require.NoError(t, tr.Shutdown(t.Context()))
		require.NoError(t, on[storageID].Shutdown(t.Context()))
	}
}

func TestARestartAtAnyStepChangesNothing(t *testing.T) {
	var whole consumertest.TracesSink
	tr := newTracer(t, &whole)
	for i := range story {
		require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story[:i+1]...)))
	}
	var sink consumertest.TracesSink
	dir := t.TempDir()
	for i := range story {
		tr, stop := stored(t, dir, &sink, 10)
		require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story[:i+1]...)))
		stop()
	}
	require.Len(t, sink.AllTraces(), 1)
	require.Equal(t, spans(whole.AllTraces()[0]), spans(sink.AllTraces()[0]))

	tr, stop := stored(t, dir, &sink, 10)
	require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story...)))
	stop()
	require.Len(t, sink.AllTraces(), 1, "it is known after the restart that the trace was sent")
}

func TestWhatTheMemoryLetsGoIsNotStored(t *testing.T) {
	var sink consumertest.TracesSink
	dir := t.TempDir()
	tr, stop := stored(t, dir, &sink, 3)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		o := observe(provisioning.StatusPending, 1, "CN=Sales")
		o.GroupID = id
		require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(o)))
	}
	stop()
	tr, stop = stored(t, dir, &sink, 10)
	defer stop()
	require.Equal(t, 3, tr.cache.groups.Len())
	for _, id := range []string{"c", "d", "e"} {
		h, ok := tr.cache.groups.Peek(provisioning.TraceID("acme", id))
		require.True(t, ok)
		require.Equal(t, id, h.summary.ID)
		require.Len(t, h.activities, 1)
	}
}
