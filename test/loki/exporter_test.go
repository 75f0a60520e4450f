package loki

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// newExporter starts the exporter as a collector does. Without change it has no queue:
// when ConsumeLogs returns, Loki has what it takes.
func newExporter(t *testing.T, url string, change func(*provisioninglokiexporter.Config)) (e exporter.Logs, refused string) {
	factory := provisioninglokiexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioninglokiexporter.Config)
	cfg.ClientConfig.Endpoint, cfg.Quarantine.Directory = url, t.TempDir()
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = 50*time.Millisecond, 500*time.Millisecond
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	host := storageHost{Host: componenttest.NewNopHost()}
	if change != nil {
		change(cfg)
	}
	if cfg.QueueConfig.HasValue() {
		host.storage = fileStorage(t, t.TempDir())
		cfg.QueueConfig.Get().StorageID = &storageID
	}
	settings := exportertest.NewNopSettings(factory.Type())
	settings.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	exp, err := factory.CreateLogs(t.Context(), settings, cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.WithoutCancel(t.Context()))) })
	return exp, cfg.Quarantine.Directory
}

func TestEntriesArriveByID(t *testing.T) {
	l := startLoki(t)
	l.run(t)
	exp, refused := newExporter(t, l.URL, nil)
	now := time.Now()
	b := newBatch()
	for i := range 600 {
		// Out of order, within what Loki accepts of a stream.
		at := now.Add(-time.Duration((i*37)%50) * time.Minute)
		b.activity(at, "acme", "Active Directory", provisioning.Statuses[i%len(provisioning.Statuses)], nil)
	}
	b.quarantined(now, "acme")
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs), "delivered again after a crash")
	assert.ElementsMatch(t, b.ids, l.ids(t, now.Add(-2*time.Hour)), "each is there, and once")
	assert.Empty(t, quarantinedBy(t, refused))

	// What the README shows to ask for.
	failed := l.entries(t, `{tenant="acme", status="Failed"} | previous_status != "Failed"`, now.Add(-2*time.Hour), now.Add(time.Minute))
	require.Len(t, failed, 100)
	e := failed[0]
	assert.Equal(t, `Failed: Add memberOf "CN=Sales" for ada.lovelace on Active Directory: timed out`, e.line)
	for name, want := range map[string]string{
		"tenant": "acme", "source": "Active Directory", "kind": "provisioning", "service_name": "provtrail",
		"event": record.EventActivity, "record_type": "observation", "operation": "Add", "identity_name": "ada.lovelace",
	} {
		assert.Equal(t, want, e.metadata[name], name)
	}
	group := l.entries(t, `{service_name="provtrail"} | group_number = "`+e.metadata["group_number"]+`"`, now.Add(-2*time.Hour), now.Add(time.Minute))
	require.Len(t, group, 1)
	assert.Equal(t, e.metadata["trace_id"], group[0].metadata["trace_id"])
	assert.Len(t, l.entries(t, `{service_name="provtrail"} | event="provisioning.quarantine"`, now.Add(-2*time.Hour), now.Add(time.Minute)), 1)
}

// What Loki refuses is kept with its reason; once Loki takes it, it can be pushed
// again from the file as the README describes.
func TestRefusedEntriesAreKeptAndCanBePushedAgain(t *testing.T) {
	l := startLoki(t)
	l.run(t, "-validation.reject-old-samples.max-age=100m")
	exp, refused := newExporter(t, l.URL, nil)
	now := time.Now()
	b := newBatch()
	for range 40 {
		b.activity(now, "acme", "Active Directory", provisioning.StatusSuccess, nil)
	}
	b.activity(now.Add(-150*time.Minute), "acme", "SAP", provisioning.StatusFailed, nil) // older than this Loki takes
	for range 20 {
		b.activity(now, "acme", "Active Directory", provisioning.StatusSuccess, nil)
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
	behind := newBatch() // more than an hour behind its stream
	behind.activity(now.Add(-80*time.Minute), "acme", "Active Directory", provisioning.StatusSuccess, nil)
	require.NoError(t, exp.ConsumeLogs(t.Context(), behind.logs))

	good := append(append([]string{}, b.ids[:40]...), b.ids[41:]...)
	assert.ElementsMatch(t, good, l.ids(t, now.Add(-3*time.Hour)))
	assert.Equal(t, map[string]string{b.ids[40]: "too_old", behind.ids[0]: "too_old"}, quarantinedBy(t, refused))

	kill(l.process)
	l.run(t, "-validation.reject-old-samples=false", "-ingester.max-chunk-age=24h")
	resp, err := http.Post(l.URL+"/loki/api/v1/push", "application/json", bytes.NewReader(pushAgain(t, refused)))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	assert.ElementsMatch(t, append(append([]string{}, b.ids...), behind.ids...), l.ids(t, now.Add(-3*time.Hour)))
}

func TestThrottledEntriesArrive(t *testing.T) {
	l := startLoki(t, "-distributor.ingestion-rate-limit-mb=0.06", "-distributor.ingestion-burst-size-mb=0.06")
	l.run(t)
	var answers counter
	exp, refused := newExporter(t, l.URL, func(c *provisioninglokiexporter.Config) {
		c.MaxRequestSize = 20_000
		c.ClientConfig.Endpoint = answers.before(t, l.URL)
	})
	now := time.Now()
	b := newBatch()
	for range 400 {
		b.activity(now, "acme", "Active Directory", provisioning.StatusSuccess, nil)
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
	assert.Positive(t, answers.of(http.StatusTooManyRequests), "Loki has answered 429")
	assert.ElementsMatch(t, b.ids, l.ids(t, now.Add(-time.Hour)))
	assert.Empty(t, quarantinedBy(t, refused))
}

// Loki is killed while entries come, and comes back: each is there once.
func TestLokiIsKilledAndComesBack(t *testing.T) {
	l := startLoki(t)
	l.run(t)
	exp, refused := newExporter(t, l.URL, func(c *provisioninglokiexporter.Config) {
		queue := exporterhelper.NewDefaultQueueConfig()
		queue.BlockOnOverflow = true
		c.QueueConfig = configoptional.Some(queue)
	})
	now := time.Now()
	var ids []string
	for i := range 60 {
		if i == 20 {
			require.Eventually(t, func() bool { return len(l.ids(t, now.Add(-time.Hour))) > 0 }, 20*time.Second, 10*time.Millisecond)
			kill(l.process)
		}
		b := newBatch()
		for range 25 {
			b.activity(now, "acme", "Active Directory", provisioning.StatusSuccess, nil)
		}
		require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
		ids = append(ids, b.ids...)
	}
	l.run(t)
	require.Eventually(t, func() bool { return len(l.ids(t, now.Add(-time.Hour))) >= len(ids) }, 60*time.Second, 100*time.Millisecond)
	assert.ElementsMatch(t, ids, l.ids(t, now.Add(-time.Hour)))
	assert.Empty(t, quarantinedBy(t, refused))
}

// quarantinedBy reads the files of refused entries: event id and reason.
func quarantinedBy(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	for _, line := range refusedLines(t, dir) {
		var kept struct {
			Refused struct{ Reason string }
			Values  [][3]any
		}
		require.NoError(t, json.Unmarshal(line, &kept))
		id := kept.Values[0][2].(map[string]any)["event_id"].(string)
		assert.NotContains(t, out, id)
		out[id] = kept.Refused.Reason
	}
	return out
}

func refusedLines(t *testing.T, dir string) [][]byte {
	files, err := filepath.Glob(filepath.Join(dir, "refused-*.ndjson"))
	require.NoError(t, err)
	var out [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		out = append(out, bytes.Split(bytes.TrimSpace(text), []byte("\n"))...)
	}
	return out
}

// pushAgain is what `jq -s '{streams: .}'` makes of the files.
func pushAgain(t *testing.T, dir string) []byte {
	var streams []json.RawMessage
	for _, line := range refusedLines(t, dir) {
		streams = append(streams, line)
	}
	body, err := json.Marshal(map[string]any{"streams": streams})
	require.NoError(t, err)
	return body
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
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.WithoutCancel(t.Context()))) })
	return ext
}
