package pollfeed

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// vendor is a simulated vendor whose clock moves only by its tests.
type vendor struct {
	*api.Server
	url   string
	clock atomic.Int64
}

func startVendor(t *testing.T, change func(*api.Options)) *vendor {
	t.Helper()
	v := &vendor{}
	v.clock.Store(noon.UnixNano())
	o := api.Options{
		GroupsPerDay: 60, RateLimit: -1, ClientID: "id", ClientSecret: "secret", Late: 0.05, Ties: 0.3,
		From: noon.Add(-4 * 24 * time.Hour), Now: func() time.Time { return time.Unix(0, v.clock.Load()) },
	}
	change(&o)
	v.Server = api.NewServer(model.NewTenant("acme", 5, 60), o)
	server := httptest.NewServer(v.Server)
	t.Cleanup(server.Close)
	v.url = server.URL
	return v
}

// known is the true status of every activity, by id.
func (v *vendor) known() map[string]string {
	out := map[string]string{}
	v.Truth(func(activities []truth.Activity, _ truth.Group) {
		for i := range activities {
			out[activities[i].ActivityID] = activities[i].Status
		}
	})
	return out
}

// resolved is the status of each accepted activity, by its id.
func resolved(s *feedtest.Store) map[string]string {
	groups := map[string][]provisioning.Observation{}
	for _, o := range s.All() {
		groups[o.GroupID] = append(groups[o.GroupID], o)
	}
	out := map[string]string{}
	for _, observations := range groups {
		for _, a := range provisioning.Resolve(observations) {
			out[a.ID.String()] = a.Status.String()
		}
	}
	return out
}

// agrees reports whether each true activity has its true status, and no other exists.
func agrees(want, got map[string]string) bool {
	if len(want) != len(got) {
		return false
	}
	for id, status := range want {
		if got[id] != status {
			return false
		}
	}
	return true
}

func resumed(e observer.LoggedEntry) bool { return e.ContextMap()["resumed"] == true }

func requireAgreement(t *testing.T, v *vendor, s *feedtest.Store) {
	t.Helper()
	want := v.known()
	require.NotEmpty(t, want)
	ok := false
	for deadline := time.Now().Add(30 * time.Second); !ok && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ok = agrees(want, resolved(s))
	}
	if ok {
		return
	}
	got, wrong := resolved(s), 0
	for id, status := range want {
		if got[id] != status {
			if wrong++; wrong < 5 {
				t.Logf("%s is %q, want %q", id, got[id], status)
			}
		}
	}
	t.Fatalf("%d of %d activities are wrong; %d were read", wrong, len(want), len(got))
}

// TestPollingAgreesWithTheTruth: from a vendor that misbehaves in every way, over
// a restart and while its clock moves, the three polling feeds bring every
// activity to its true status.
func TestPollingAgreesWithTheTruth(t *testing.T) {
	v := startVendor(t, func(o *api.Options) {
		o.Faults = map[string]float64{}
		for _, name := range api.FaultNames {
			o.Faults[name] = 0.03
		}
		o.Faults[api.FaultRateLimited], o.Faults[api.FaultSlowDrip] = 0.005, 0.002 // each takes a second
		o.Faults[api.FaultUnknownEnums] = 0                                        // a status nobody knows is never corrected
		for _, name := range api.DocumentFaults {
			o.Faults[name] = 0 // what is shown late depends on when one looks
		}
	})
	s, stored := feedtest.NewStore(), t.TempDir()
	r := start(t, s, stored, polling(v.url))
	requireAgreement(t, v, s)
	require.Empty(t, s.Quarantine())
	for _, f := range r.feeds {
		require.Eventually(t, func() bool {
			position, err := f.checkpoint.Get(t.Context(), keyPosition)
			return err == nil && position != nil
		}, 20*time.Second, 5*time.Millisecond, "feed %s has a checkpoint", f.name)
	}
	r.Stop()

	v.clock.Add(int64(90 * time.Minute))
	r = start(t, s, stored, polling(v.url))
	requireAgreement(t, v, s)
	require.Len(t, r.Logs.FilterMessage("feed begins").Filter(resumed).All(), 4, "all feeds go on where they were")
	v.clock.Add(int64(20 * time.Hour))
	requireAgreement(t, v, s)
	for _, o := range s.All() {
		if o.Feed == provisioning.FeedREST && o.SourceID != o.SourceName {
			require.NotEmpty(t, o.SourceName, "the source's name was looked up")
		}
	}
}

// TestUnknownStatusIsKept: an unknown status becomes no guess and stops nothing.
func TestUnknownStatusIsKept(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/account-activities/v1" {
			_, _ = w.Write([]byte(`[]`))
			return
		}
		_, _ = w.Write([]byte(`[{"id":"g","modified":"2026-03-14T11:59:00.000Z","items":[{"id":"i","provisioningStatus":"AWAITING_QUORUM"}]},{"id":7}]`))
	})
	s := feedtest.NewStore()
	start(t, s, t.TempDir(), onlyREST(url))
	require.Eventually(t, func() bool { return len(s.Groups()) == 1 && len(s.Quarantine()) > 0 }, 10*time.Second, 5*time.Millisecond)
	for _, o := range s.All() {
		require.Equal(t, provisioning.StatusUnset, o.ReportedStatus)
		require.Equal(t, "AWAITING_QUORUM", o.RawStatus)
	}
	require.Equal(t, "id", s.Quarantine()[0].Field)
}

func TestCheckpoint(t *testing.T) {
	ctx := context.Background()
	_, ext := feedtest.StartStorage(t, t.TempDir())
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(ctx)) })
	client, err := ext.(storage.Extension).GetClient(ctx, component.KindReceiver, feedtest.StorageID, "x")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close(ctx)) })
	load := func() (time.Time, bool, error) {
		c := checkpoint{Client: client, key: keyPosition}
		found, err := c.load(ctx)
		return c.high, found, err
	}
	_, found, err := load()
	require.NoError(t, err)
	require.False(t, found)

	first, second := time.UnixMilli(1_800_000_000_000).UTC(), time.UnixMilli(1_800_000_001_000).UTC()
	c := checkpoint{Client: client, key: keyPosition}
	require.NoError(t, c.move(ctx, first))
	require.NoError(t, c.move(ctx, second))
	require.NoError(t, c.move(ctx, first), "never backwards")
	high, found, err := load()
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, second, high)

	for _, damage := range [][]byte{{}, []byte("x"), append([]byte{9}, encodeCheckpoint(second)[1:]...), encodeCheckpoint(second)[:12]} {
		require.NoError(t, client.Set(ctx, keyPosition, damage))
		high, found, err = load()
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, first, high, "the value before")
	}
	require.NoError(t, client.Set(ctx, keyPosition+previous, []byte("y")))
	_, _, err = load()
	require.ErrorIs(t, err, errDamaged)
}

// TestTheMachinesClockIsWrongAtTheFirstStart: the backfill is read nevertheless.
func TestTheMachinesClockIsWrongAtTheFirstStart(t *testing.T) {
	for name, wrong := range map[string]time.Duration{
		"an hour ahead": time.Hour, "a day ahead": 24 * time.Hour, "a year ahead": 365 * 24 * time.Hour,
		"an hour back": -time.Hour, "a day back": -24 * time.Hour, "a year back": -365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			v := startVendor(t, func(*api.Options) {})
			s := feedtest.NewStore()
			r := newFeeds(t, s, t.TempDir(), polling(v.url), nil)
			r.client.Retry = feedtest.QuickRetry
			r.client.Clock = func() time.Time { return testClock().Add(wrong) }
			r.start()
			requireAgreement(t, v, s)
		})
	}
}
