package provisioningreceiver

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/provtrail/provtrail/provisioning"
)

func TestOpenActivitiesAreDueLessAndLessOften(t *testing.T) {
	a := &openActivities{byID: map[string]again{}}
	now := time.Now()
	item := func(group string, says provisioning.Status) provisioning.Observation {
		return provisioning.Observation{GroupID: group, ReportedStatus: says}
	}
	a.note([]provisioning.Observation{
		item("done", provisioning.StatusSuccess), item("done", provisioning.StatusFailed),
		item("half", provisioning.StatusSuccess), item("half", provisioning.StatusPending),
	}, now)
	require.Empty(t, a.due(now))
	wait := firstWait
	for at := now; wait < mostWait; wait = min(2*wait, mostWait) {
		at = at.Add(wait)
		require.Empty(t, a.due(at.Add(-time.Second)))
		require.Equal(t, []string{"half"}, a.due(at))
	}
	a.note([]provisioning.Observation{item("half", provisioning.StatusSuccess), item("half", provisioning.StatusSuccess)}, now)
	require.Empty(t, a.byID)
}

// TestOpenActivityIsReadByID: also when the vendor changes it without saying when,
// and after a restart. One that was never modified is found by its creation.
func TestOpenActivityIsReadByID(t *testing.T) {
	var status atomic.Value
	var listed atomic.Int64
	status.Store("PENDING")
	created := time.Now().Add(-48 * time.Hour).UTC().Format(vendorTime)
	body := func() string {
		return `{"id":"g","created":"` + created + `","modified":"` + created + `","items":[{"id":"i","provisioningStatus":"` + status.Load().(string) + `"}]}`
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sorters") == "modified" {
			listed.Add(1)
		}
		switch {
		case r.URL.Path == "/account-activities/v1/g":
			_, _ = w.Write([]byte(body()))
		case r.URL.Query().Get("sorters") == "created":
			_, _ = w.Write([]byte(`[{"id":"new","created":"` + created + `","modified":null,"items":[{"id":"j","provisioningStatus":"PENDING"}]}]`))
		case status.Load() == "PENDING" && r.URL.Path == "/account-activities/v1":
			_, _ = w.Write([]byte("[" + body() + "]"))
		default:
			_, _ = w.Write([]byte("[]")) // it left every window
		}
	}))
	t.Cleanup(server.Close)
	configure := func(cfg *Config) {
		polling(&vendor{url: server.URL})(cfg)
		cfg.API.Get().ClientID, cfg.API.Get().ClientSecret = "", ""
		cfg.Search, cfg.Events = configoptional.Default(defaultSearchConfig()), configoptional.Default(defaultEventsConfig())
	}
	stored, s := t.TempDir(), newStore()
	r := startReceiver(t, s, stored, configure)
	s.eventually(t, 1, "g", "new")
	before := listed.Load()
	require.Eventually(t, func() bool { return listed.Load() > before+4 }, 10*time.Second, 5*time.Millisecond, "a whole poll later")
	r.stop()

	status.Store("FINISHED")
	startReceiver(t, s, stored, configure)
	require.Eventually(t, func() bool { return s.groups()["g"] == 2 }, 10*time.Second, 5*time.Millisecond)
}
