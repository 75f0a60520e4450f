package filefeed

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
)

// counter is a next consumer that accepts everything at once.
type counter struct{ records, calls atomic.Int64 }

func (*counter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c *counter) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	c.records.Add(int64(logs.LogRecordCount()))
	c.calls.Add(1)
	return nil
}

// BenchmarkFileFeed reads NDJSON from a file to accepted log records, with the
// real file consumer and storage.
func BenchmarkFileFeed(b *testing.B) {
	const documents = 50_000
	content, _ := many(0, documents)
	path := filepath.Join(b.TempDir(), "log.ndjson")
	require.NoError(b, os.WriteFile(path, []byte(content), 0o600))
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var c counter
		r := start(b, &c, b.TempDir(), reading(path))
		for c.records.Load() < documents {
			time.Sleep(time.Millisecond)
		}
		r.Stop()
		b.ReportMetric(float64(c.records.Load())/float64(c.calls.Load()), "records/call")
	}
	b.ReportMetric(documents*float64(b.N)/b.Elapsed().Seconds(), "observations/s")
}
