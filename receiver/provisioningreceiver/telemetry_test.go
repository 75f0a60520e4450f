package provisioningreceiver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestUsageIsOfTheLastTenSeconds(t *testing.T) {
	var u usage
	begin := time.Unix(1_800_000_000, 0)
	require.Zero(t, u.sum(begin))
	for second := range 25 {
		for range 3 {
			u.add(begin.Add(time.Duration(second) * time.Second))
		}
		require.EqualValues(t, 3*min(second+1, 10), u.sum(begin.Add(time.Duration(second)*time.Second)))
	}
	require.EqualValues(t, 3*4, u.sum(begin.Add(30*time.Second)), "seconds 21 to 24")
	require.Zero(t, u.sum(begin.Add(time.Minute)))
}

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

// TestTelemetryOfPolling: what an operator needs to know of the feeds.
func TestTelemetryOfPolling(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sorters") != "modified" {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		at := time.Now().UTC().Add(-time.Hour).Format("2006-01-02T15:04:05.000Z")
		_, _ = w.Write([]byte(`[{"id":"g","modified":"` + at[:14] + `00:00.000Z","items":[
			{"id":"1","provisioningStatus":"FINISHED","operation":"TELEPORT","approvalStatus":"FINISHED","attribute":"a","value":"v"},
			{"id":"2","provisioningStatus":"FINISHED","operation":"ADD","approvalStatus":"SHRUGGED","attribute":"a","value":"v"},
			{"id":"3","provisioningStatus":"FINISHED","operation":"add","approvalStatus":null,"attribute":"a","value":"v"}]}]`))
	}))
	t.Cleanup(server.Close)
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tt.Shutdown(context.Background())) })
	s := newStore()
	r := startReceiverIn(t, s, t.TempDir(), func(cfg *Config) {
		polling(&vendor{url: server.URL})(cfg)
		cfg.API.Get().ClientID, cfg.API.Get().ClientSecret, cfg.API.Get().RequestsPer10s = "", "", 1000
		cfg.REST.Get().Interval = time.Hour
		cfg.Search, cfg.Events = configoptional.Default(defaultSearchConfig()), configoptional.Default(defaultEventsConfig())
	}, func(set *receiver.Settings, _ map[component.ID]component.Component) {
		set.TelemetrySettings = tt.NewTelemetrySettings()
	})
	s.eventually(t, 3, "g")
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
	r.stop()
	_, err := tt.GetMetric("otelcol_receiver_provisioning_checkpoint_age")
	require.Error(t, err, "nothing is told of what has stopped")
}
