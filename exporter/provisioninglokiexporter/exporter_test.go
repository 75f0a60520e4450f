package provisioninglokiexporter

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grafana/loki/pkg/push"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadatatest"
)

func TestEntriesTooOldAreQuarantinedAndTheOthersStored(t *testing.T) {
	l := newFakeLoki(t)
	e, tel := started(t, l.URL, nil)
	ld, ids := activities(50)
	old := map[string]bool{ids[3]: true, ids[4]: true, ids[40]: true}
	l.refuse = func(e push.Entry) string {
		if old[metadataValue(e, "event_id")] {
			return "entry with timestamp ignored, reason: 'entry too far behind'"
		}
		return ""
	}
	require.NoError(t, e.push(t.Context(), ld))
	quarantined, torn := quarantinedIDs(t, e.quarantine.directory)
	assert.Zero(t, torn)
	assert.ElementsMatch(t, []string{ids[3], ids[4], ids[40]}, quarantined)
	assert.Len(t, l.ids(), 47)
	assert.ElementsMatch(t, ids, append(l.ids(), quarantined...))
	require.Len(t, l.streams, 1)
	for _, n := range l.streams {
		assert.Equal(t, 47, n, "entries that were sent again while looking for the bad ones are one")
	}
	metadatatest.AssertEqualProvisioningLokiRefusedEntries(t, tel, []metricdata.DataPoint[int64]{{
		Value: 3, Attributes: attribute.NewSet(attribute.String("reason", "too_old")),
	}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProvisioningLokiEntries(t, tel, []metricdata.DataPoint[int64]{{Value: 47}}, metricdatatest.IgnoreTimestamp())
}

func TestFailureCarriesWhatIsLeft(t *testing.T) {
	l := newFakeLoki(t)
	e, _ := started(t, l.URL, func(c *Config) { c.MaxRequestSize = 20_000 })
	ld, ids := activities(200)
	l.fail = func(request int) (int, http.Header, string) {
		if request == 2 {
			return 429, http.Header{"Retry-After": {"1"}}, "ingestion rate limit exceeded"
		}
		return 0, nil, ""
	}
	err := e.push(t.Context(), ld)
	require.ErrorContains(t, err, "ingestion rate limit exceeded")
	assert.False(t, consumererror.IsPermanent(err))
	var left consumererror.Logs
	require.ErrorAs(t, err, &left)
	assert.Equal(t, 200-len(l.ids()), left.Data().LogRecordCount())
	assert.NotEmpty(t, l.ids())

	require.NoError(t, e.push(t.Context(), left.Data()))
	assert.ElementsMatch(t, ids, l.ids())
}

func TestQuarantineThatCannotBeWrittenLosesNothing(t *testing.T) {
	l := newFakeLoki(t)
	e, _ := started(t, l.URL, nil)
	blocked := filepath.Join(e.quarantine.directory, "blocked")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	e.quarantine.directory = blocked // a file: nothing can be created in it
	l.refuse = func(push.Entry) string { return "timestamp too old" }
	ld, _ := activities(3)
	err := e.push(t.Context(), ld)
	require.ErrorContains(t, err, "quarantine::directory")
	var left consumererror.Logs
	require.ErrorAs(t, err, &left)
	assert.Equal(t, 3, left.Data().LogRecordCount())
}

// The whole exporter with its durable queue: Loki throttles, fails, goes away, the
// collector is stopped meanwhile and started again, Loki comes back. Every record
// is there once.
func TestLokiGoesAwayAndComesBack(t *testing.T) {
	l := newFakeLoki(t)
	l.fail = func(request int) (int, http.Header, string) {
		return []int{500, 503, 429}[request%3], http.Header{"Retry-After": {"0"}}, "busy"
	}
	storage := t.TempDir()
	quarantined := t.TempDir()
	run := func(url string, work func(exporter.Logs)) {
		ext := fileStorage(t, storage)
		cfg := createDefaultConfig().(*Config)
		cfg.ClientConfig.Endpoint, cfg.Quarantine.Directory = url, quarantined
		cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = time.Millisecond, 5*time.Millisecond
		queue := cfg.QueueConfig.Get()
		queue.StorageID = &storageID
		queue.Batch.Get().FlushTimeout = 10 * time.Millisecond
		set := exportertest.NewNopSettings(metadata.Type)
		set.ID = component.NewIDWithName(metadata.Type, "queue")
		exp, err := NewFactory().CreateLogs(t.Context(), set, cfg)
		require.NoError(t, err)
		require.NoError(t, exp.Start(t.Context(), storageHost{componenttest.NewNopHost(), ext}))
		work(exp)
		require.NoError(t, exp.Shutdown(t.Context()))
		require.NoError(t, ext.Shutdown(t.Context()))
	}
	first, firstIDs := activities(300)
	run(l.URL, func(exp exporter.Logs) {
		require.NoError(t, exp.ConsumeLogs(t.Context(), first))
		require.Eventually(t, func() bool { return l.requestCount() > 6 }, 10*time.Second, time.Millisecond)
	})
	assert.Empty(t, l.ids())

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	more, moreIDs := activities(400)
	run(gone.URL, func(exp exporter.Logs) { require.NoError(t, exp.ConsumeLogs(t.Context(), more)) })

	l.set(func() { l.fail = nil })
	run(l.URL, func(exporter.Logs) {
		require.Eventually(t, func() bool { return len(l.ids()) == 400 }, 10*time.Second, time.Millisecond)
	})
	assert.ElementsMatch(t, moreIDs, l.ids())
	assert.Subset(t, moreIDs, firstIDs)
	for _, n := range l.streams {
		assert.Equal(t, 400, n, "300 records were delivered twice and are there once")
	}
	ids, _ := quarantinedIDs(t, quarantined)
	assert.Empty(t, ids)
}

func (l *fakeLoki) requestCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.requests)
}

var storageID = component.MustNewID("file_storage")

type storageHost struct {
	component.Host
	storage component.Component
}

func (h storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h.storage}
}

func fileStorage(t *testing.T, directory string) component.Component {
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = directory, true
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	return ext
}
