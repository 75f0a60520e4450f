package pollfeed

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

func TestPendingActivitiesAreDueLessAndLessOften(t *testing.T) {
	a := &pendingActivities{byID: map[string]recheck{}}
	now := time.Now()
	item := func(group string, status provisioning.Status) provisioning.Observation {
		return provisioning.Observation{GroupID: group, ReportedStatus: status}
	}
	a.update([]provisioning.Observation{
		item("done", provisioning.StatusSuccess), item("done", provisioning.StatusFailed),
		item("half", provisioning.StatusSuccess), item("half", provisioning.StatusPending),
	}, now)
	require.Empty(t, a.due(now))
	wait := firstWait
	for at := now; wait < maxWait; wait = min(2*wait, maxWait) {
		at = at.Add(wait)
		require.Empty(t, a.due(at.Add(-time.Second)))
		require.Equal(t, []string{"half"}, a.due(at))
	}
	a.update([]provisioning.Observation{item("half", provisioning.StatusSuccess), item("half", provisioning.StatusSuccess)}, now)
	require.Empty(t, a.byID)
}

// TestPendingActivityIsReadByID: also when the vendor changes it without a new modified
// time, and after a restart. An activity that was never modified is found by its creation.
func TestPendingActivityIsReadByID(t *testing.T) {
	var status atomic.Value
	var listed atomic.Int64
	status.Store("PENDING")
	created := noon.Add(-48 * time.Hour).Format(vendorTime)
	body := func() string {
		return `{"id":"g","created":"` + created + `","modified":"` + created + `","items":[{"id":"i","provisioningStatus":"` + status.Load().(string) + `"}]}`
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
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
			_, _ = w.Write([]byte("[]")) // it left every lookback
		}
	})
	configure := onlyREST(url)
	stored, s := t.TempDir(), feedtest.NewStore()
	r := start(t, s, stored, configure)
	s.Eventually(t, 1, "g", "new")
	before := listed.Load()
	require.Eventually(t, func() bool { return listed.Load() > before+4 }, 10*time.Second, 5*time.Millisecond, "a whole poll later")
	r.Stop()

	status.Store("FINISHED")
	start(t, s, stored, configure)
	require.Eventually(t, func() bool { return s.Groups()["g"] == 2 }, 10*time.Second, 5*time.Millisecond)
}
