package provisioningprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
)

func TestMetricsCountWhatTookEffectOnce(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	defer func() { require.NoError(t, telemetry.Shutdown(t.Context())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set = processor.Settings{ID: set.ID, TelemetrySettings: telemetry.NewTelemetrySettings(), BuildInfo: set.BuildInfo}
	s := newSink()
	f, err := newProcessor(set, createDefaultConfig().(*Config), s)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))

	limbo := observe("g1", provisioning.StatusUnset, 4, func(o *provisioning.Observation) { o.RawStatus = "LIMBO" })
	batch := []provisioning.Observation{
		observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusCommitted, 3), limbo,
		observe("g2", provisioning.StatusSuccess, 1), observe("g2", provisioning.StatusPending, 2),
		observe("g3", provisioning.StatusRetrying, 1),
	}
	s.refusing(func(int) (before, after bool) { return true, false })
	require.Error(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
	s.refusing(nil)
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch[:2])))

	sum := func(name string, attributes ...attribute.KeyValue) int64 {
		t.Helper()
		m, err := telemetry.GetMetric("otelcol_processor_provisioning_" + name)
		require.NoError(t, err)
		var points []metricdata.DataPoint[int64]
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			points = data.DataPoints
		case metricdata.Gauge[int64]:
			points = data.DataPoints
		}
		want := attribute.NewSet(attributes...)
		for _, p := range points {
			if p.Attributes.Equals(&want) {
				return p.Value
			}
		}
		return 0
	}
	feed, source := attribute.String("feed", "rest"), attribute.String("source", "Active Directory")
	require.EqualValues(t, 6, sum("observations", feed))
	require.EqualValues(t, 2, sum("duplicates", feed))
	require.EqualValues(t, 1, sum("unknown_statuses", feed, source))
	require.EqualValues(t, 1, sum("odd_transitions", feed, source))
	require.EqualValues(t, 1, sum("open", source))
	kind, operation := attribute.String("kind", "provisioning"), attribute.String("operation", "Add")
	for status, n := range map[string]int64{"Pending": 1, "Committed": 1, "Success": 1, "Retrying": 1} {
		require.Equal(t, n, sum("transitions", attribute.String("status", status), source, kind, operation), status)
	}
	commit, err := telemetry.GetMetric("otelcol_processor_provisioning_time_to_commit")
	require.NoError(t, err)
	points := commit.Data.(metricdata.Histogram[float64]).DataPoints
	require.Len(t, points, 1)
	require.EqualValues(t, 1, points[0].Count)
	require.InDelta(t, 2, points[0].Sum, 0)
	require.NoError(t, f.Shutdown(t.Context()))
}
