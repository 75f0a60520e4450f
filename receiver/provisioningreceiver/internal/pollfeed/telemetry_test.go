package pollfeed

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// values are the points of a metric by one of their attributes.
func values[N int64 | float64](t *testing.T, tt *componenttest.Telemetry, metric, by string) map[string]N {
	t.Helper()
	m, err := tt.GetMetric("otelcol_" + metric)
	require.NoError(t, err)
	var points []metricdata.DataPoint[N]
	switch data := m.Data.(type) {
	case metricdata.Gauge[N]:
		points = data.DataPoints
	case metricdata.Sum[N]:
		points = data.DataPoints
	}
	out := map[string]N{}
	for _, p := range points {
		value, _ := p.Attributes.Value(attribute.Key(by))
		out[value.AsString()] = p.Value
	}
	return out
}

// TestTelemetryOfPolling: the metrics of the feeds.
func TestTelemetryOfPolling(t *testing.T) {
	at := noon.Add(-time.Hour).Format(vendorTime)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sorters") != "modified" {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		_, _ = w.Write([]byte(`[{"id":"g","modified":"` + at + `","items":[
			{"id":"1","provisioningStatus":"FINISHED","operation":"TELEPORT","approvalStatus":"FINISHED","attribute":"a","value":"v"},
			{"id":"2","provisioningStatus":"FINISHED","operation":"ADD","approvalStatus":"SHRUGGED","attribute":"a","value":"v"},
			{"id":"3","provisioningStatus":"FINISHED","operation":"add","approvalStatus":null,"attribute":"a","value":"w"}]}]`))
	})
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tt.Shutdown(context.Background())) })
	s := feedtest.NewStore()
	r := newFeeds(t, s, t.TempDir(), func(c *sections) {
		onlyREST(url)(c)
		c.api.RequestsPer10s, c.rest.Interval = 1000, time.Hour
	}, nil, func(set *receiver.Settings) { set.TelemetrySettings = tt.NewTelemetrySettings() })
	r.start()
	s.Eventually(t, 3, "g")
	require.Eventually(t, func() bool {
		_, err := tt.GetMetric("otelcol_receiver_provisioning_unknown_words")
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, map[string]int64{"operation": 1, "approval_status": 1}, values[int64](t, tt, "receiver_provisioning_unknown_words", "field"))

	used := values[float64](t, tt, "receiver_provisioning_budget_used", "")
	require.Positive(t, used[""])
	require.Less(t, used[""], 0.1, "of 1000 requests")
	ages := values[float64](t, tt, "receiver_provisioning_checkpoint_age", "feed")
	require.Len(t, ages, 2)
	for _, name := range []string{"rest", "rest-created"} {
		require.Contains(t, ages, name)
		require.Less(t, ages[name], 30.0)
	}
	r.Stop()
	_, err := tt.GetMetric("otelcol_receiver_provisioning_checkpoint_age")
	require.Error(t, err, "feeds that were stopped have no age")
}
