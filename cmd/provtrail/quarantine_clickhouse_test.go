package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

// What the exporter stored is what the command shows.
func TestQuarantineOfClickHouse(t *testing.T) {
	server := clickhousetest.Start(t)
	database := server.Database(t)
	factory := provisioningclickhouseexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningclickhouseexporter.Config)
	cfg.Endpoints, cfg.Database, cfg.QuarantineTTL = []string{server.Addr}, database, 0
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	exp, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, exp.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, exp.Shutdown(context.WithoutCancel(t.Context()))) })

	texts := quarantinedTexts()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, q := range texts {
		record.WriteQuarantined(q, records.AppendEmpty())
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), ld))

	at := server.URL + "/" + database
	fromArchive, _ := quarantineArchive(t)
	want, err := runQuarantine("list", "--json", "--archive", fromArchive)
	require.NoError(t, err)
	got, err := runQuarantine("list", "--json", "--clickhouse", at)
	require.NoError(t, err)
	assert.Equal(t, want, got, "both stores say the same")

	got, err = runQuarantine("list", "--json", "--clickhouse", at, "--since", "2026-11-22T12:03:00Z", "--until", "2026-11-22T12:04:00Z")
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(got, "\n"))
	_, err = runQuarantine("list", "--clickhouse", at, "--reason", `') OR 1=1 --`)
	require.NoError(t, err, "filters are compared, not put into SQL")

	t.Setenv("PROVTRAIL_CLICKHOUSE_PASSWORD", "not the password")
	_, err = runQuarantine("list", "--clickhouse", at)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "not the password")
}
