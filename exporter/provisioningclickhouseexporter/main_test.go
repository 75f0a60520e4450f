package provisioningclickhouseexporter

import (
	"context"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

func runTests(m *testing.M) { clickhousetest.Main(m) }

// fixture is an exporter without a queue and a database of its own. The tables are created
// by the first push.
type fixture struct {
	*clickhouseExporter
	conn driver.Conn
}

func start(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	server := clickhousetest.Start(t)
	return startOn(t, server, server.Database(t), change...)
}

func startOn(t *testing.T, server *clickhousetest.Server, database string, change ...func(*Config)) *fixture {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, database
	cfg.TTL, cfg.RollupTTL, cfg.QuarantineTTL = 0, 0, 0 // the tests' times lie anywhere
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	for _, f := range change {
		f(cfg)
	}
	require.NoError(t, cfg.Validate())
	e, err := newExporter(cfg, exportertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	require.NoError(t, e.connect(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.shutdown(context.Background())) })
	return &fixture{clickhouseExporter: e, conn: server.Open(t, database)}
}

// one returns the only value of a query.
func one[T any](t *testing.T, f *fixture, query string, args ...any) (value T) {
	t.Helper()
	require.NoError(t, f.conn.QueryRow(t.Context(), query, args...).Scan(&value), query)
	return value
}

func records(list ...record.Record) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range list {
		record.WriteRecord(&list[i], to.AppendEmpty())
	}
	return logs
}

func serverOf(t *testing.T) *clickhousetest.Server { return clickhousetest.Start(t) }

// assertNoError may be called from any goroutine.
func assertNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
