package dashboards

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// store is a database that the real exporter made and fills.
type store struct {
	driver.Conn
	database string
	exporter exporter.Logs
}

func newStore(t testing.TB) *store {
	server := clickhousetest.Start(t)
	database := server.Database(t)
	factory := provisioningclickhouseexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningclickhouseexporter.Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, database
	cfg.TTL, cfg.RollupTTL, cfg.QuarantineTTL = 0, 0, 0 // the simulated weeks are past
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	exp, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.WithoutCancel(t.Context()))) })
	return &store{Conn: server.Open(t, database), database: database, exporter: exp}
}

func (s *store) write(t testing.TB, ld plog.Logs) {
	require.NoError(t, s.exporter.ConsumeLogs(t.Context(), ld))
}

// quarantined is n texts that could not be read, received at a time.
func quarantined(n int, at time.Time) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		record.WriteQuarantined(&record.Quarantined{
			Tenant: tenantName, Feed: provisioning.FeedFile, Reason: "no group id", File: "inbox/a.ndjson", Position: int64(i),
			ObservedAt: stamp(at), Original: fmt.Sprintf(`{"n":%d`, i), Size: 8,
		}, records.AppendEmpty())
	}
	return ld
}

// result is what a query returned.
type result struct {
	names []string
	types []string
	rows  [][]any
	read  uint64 // rows the server read for it
}

func (r *result) column(name string) int {
	for i, n := range r.names {
		if n == name {
			return i
		}
	}
	return -1
}

// sum adds up a column of numbers.
func (r *result) sum(t testing.TB, name string) float64 {
	at := r.column(name)
	require.GreaterOrEqual(t, at, 0, "no column %s in %v", name, r.names)
	total := 0.0
	for _, row := range r.rows {
		total += number(t, row[at])
	}
	return total
}
