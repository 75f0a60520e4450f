// Package costs fails when what a record costs takes a large step back. It measures counts
// and ratios, never times: allocations, and bytes for each byte of the vendor's text. The
// benchmarks (make bench) have the times.
package costs

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"

	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is when the simulated tenant is asked, and when its documents are received.
var now = time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)

// batchSize is the number of documents that travel together.
const batchSize = 500

// TestCostsOfARecord follows a day of a simulated tenant through the pipeline. The bounds
// are about one and a half times what was measured when they were set, with the race
// detector, which allocates a little more.
func TestCostsOfARecord(t *testing.T) {
	documents, text := simulated(t)
	require.Greater(t, len(documents), 5000)

	parser := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	var observations [][]provisioning.Observation
	count := 0
	parsed := allocations(func() {
		for i := 0; i < len(documents); i += batchSize {
			var result sailpoint.Result
			for _, d := range documents[i:min(i+batchSize, len(documents))] {
				parser.Parse([]byte(d), pcommon.NewTimestampFromTime(now), &result)
			}
			require.Empty(t, result.Rejected)
			observations = append(observations, result.Observations)
			count += len(result.Observations)
		}
	})
	require.Greater(t, count, len(documents))

	sink := new(consumertest.LogsSink)
	process := startProcessor(t, sink)
	folded := allocations(func() {
		for _, batch := range observations {
			logs := plog.NewLogs()
			record.WriteObservations(batch, logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords())
			require.NoError(t, process(t.Context(), logs))
		}
	})
	records := float64(sink.LogRecordCount())

	queued := 0
	encoded := allocations(func() {
		for _, logs := range sink.AllLogs() {
			batch, refused := columnar.Read(logs)
			require.Zero(t, refused)
			queued += len(batch.Encode())
		}
	})
	archived := archive(t, sink.AllLogs())

	for _, cost := range []struct {
		name        string
		value, most float64
	}{
		{"allocations to parse a document", parsed / float64(len(documents)), 60},
		{"allocations to fold an observation into its group, durably kept", folded / float64(count), 120},
		{"allocations to bring a record into columns and encode it", encoded / records, 0.4},
		{"bytes in a queue for each byte of the vendor's text", float64(queued) / float64(text), 0.32},
		{"bytes in the archive for each byte of the vendor's text", float64(archived) / float64(text), 0.37},
		{"records for each observation", records / float64(count), 1.8},
	} {
		t.Logf("%s: %.3g, at most %.3g", cost.name, cost.value, cost.most)
		assert.LessOrEqual(t, cost.value, cost.most, cost.name)
		assert.Positive(t, cost.value, cost.name)
	}
}

// simulated returns the documents of a tenant's day and the bytes of their text.
func simulated(t *testing.T) (documents []string, bytes int) {
	o := simulate.DefaultOptions()
	o.Out, o.From, o.To, o.GroupsPerDay = t.TempDir(), now.AddDate(0, 0, -1), now, 3000
	_, err := simulate.Run(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(o.Inbox(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.Lines(string(content)) {
			documents = append(documents, line)
			bytes += len(line)
		}
		return nil
	}))
	return documents, bytes
}

// allocations counts those of everything that happens while f runs.
func allocations(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs)
}

// startProcessor returns what the processor does with records. It keeps its state on disk.
func startProcessor(t *testing.T, next consumer.Logs) func(context.Context, plog.Logs) error {
	factory := provisioningprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningprocessor.Config)
	cfg.State.GetOrInsertDefault().Directory = t.TempDir()
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p.ConsumeLogs
}

// archive returns the bytes of the Parquet files that records become.
func archive(t *testing.T, all []plog.Logs) (bytes int64) {
	factory := provisioningparquetexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningparquetexporter.Config)
	cfg.Directory, cfg.Sealing.Enabled = t.TempDir(), false
	e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	for _, logs := range all {
		require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	}
	require.NoError(t, e.Shutdown(context.Background()))
	files := 0
	require.NoError(t, filepath.WalkDir(cfg.Directory, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		info, err := d.Info()
		files++
		bytes += info.Size()
		return err
	}))
	require.Positive(t, files)
	return bytes
}
