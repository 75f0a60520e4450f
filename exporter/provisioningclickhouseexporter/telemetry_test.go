package provisioningclickhouseexporter

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadatatest"
)

// TestTelemetry: what was stored, tried in vain and refused is counted, by table.
func TestTelemetry(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(t, telemetry.Shutdown(context.Background())) }()
	f := start(t)
	e, err := newExporter(f.cfg, metadatatest.NewSettings(telemetry))
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.shutdown(context.Background())) }()
	list, groups := history(10)
	require.NoError(t, e.pushLogs(t.Context(), logsOf(list, groups)))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_groups RENAME COLUMN cause TO because"))
	require.Error(t, e.pushLogs(t.Context(), logsOf(list, groups)))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_groups RENAME COLUMN because TO cause"))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_observations ADD CONSTRAINT no_g3 CHECK group_id != 'g3'"))
	require.NoError(t, e.pushLogs(t.Context(), logsOf(list[8:16], nil)))

	sums := func(name string) map[string]int64 {
		metric, err := telemetry.GetMetric("otelcol_" + name)
		require.NoError(t, err)
		got := map[string]int64{}
		for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
			got[label(point.Attributes)] += point.Value
		}
		return got
	}
	rows := sums("provisioning_clickhouse_rows")
	require.Equal(t, int64(40+40+4), rows["provisioning_observations"], "two whole batches, and what was left of the third")
	require.Equal(t, int64(20), rows["provisioning_groups"])
	require.Positive(t, sums("provisioning_clickhouse_bytes")["provisioning_observations"])
	require.Equal(t, map[string]int64{"refused": 4}, sums("provisioning_clickhouse_quarantined_records"))

	metric, err := telemetry.GetMetric("otelcol_provisioning_clickhouse_insert_duration")
	require.NoError(t, err)
	inserts := map[string]uint64{}
	for _, point := range metric.Data.(metricdata.Histogram[float64]).DataPoints {
		inserts[label(point.Attributes)] += point.Count
	}
	require.Equal(t, uint64(1), inserts["provisioning_groups retried"])
	require.Equal(t, uint64(1), inserts["provisioning_groups stored"])
	require.Positive(t, inserts["provisioning_observations refused"])
}

func label(set attribute.Set) (text string) {
	for _, key := range []attribute.Key{"table", "cause", "outcome"} {
		if value, ok := set.Value(key); ok {
			if text != "" {
				text += " "
			}
			text += value.AsString()
		}
	}
	return text
}
