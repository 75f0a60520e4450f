package pollfeed

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// feedsOf are the feeds by the index that each reads.
var feedsOf = map[string]provisioning.Feed{
	"account-activities": provisioning.FeedREST, "accountactivities": provisioning.FeedSearch, "events": provisioning.FeedEvents,
}

// feedHour is what a statement is about.
type feedHour struct {
	feed provisioning.Feed
	hour string
}

func about(r *record.Reconciliation) feedHour {
	return feedHour{r.Feed, r.Hour.AsTime().Format(vendorTime)}
}

const (
	behind = 30 * time.Second
	past   = 26 * time.Hour // of the vendor's tenant
)

// truth is how many documents the vendor truly has in each hour that is over for a time.
func (v *vendor) truth(t *testing.T, over time.Duration) map[feedHour]api.Count {
	out, now := map[feedHour]api.Count{}, time.Unix(0, v.clock.Load())
	for _, c := range v.Counts() {
		at, err := time.Parse(vendorTime, c.Hour)
		require.NoError(t, err)
		if now.Sub(at) > time.Hour+over {
			out[feedHour{feedsOf[c.Index], c.Hour}] = c
		}
	}
	require.NotEmpty(t, out)
	return out
}

// newest are the statements that hold.
func newest(s *feedtest.Store) map[feedHour]record.Reconciliation {
	out := map[feedHour]record.Reconciliation{}
	for _, r := range s.Statements() {
		if old, ok := out[about(&r)]; !ok || old.ObservedAt < r.ObservedAt {
			out[about(&r)] = r
		}
	}
	return out
}

// digests are those of what the store has of each hour.
func digests(s *feedtest.Store) map[feedHour]string {
	seen, of := map[string]bool{}, map[feedHour]record.DocumentsDigest{}
	for _, o := range s.All() {
		id := record.DigestID(&o)
		if key := string(o.Feed) + id; !seen[key] {
			seen[key] = true
			hour := feedHour{o.Feed, o.VendorCreatedAt.AsTime().Truncate(time.Hour).Format(vendorTime)}
			d := of[hour]
			d.Add(id)
			of[hour] = d
		}
	}
	out := map[feedHour]string{}
	for hour, d := range of {
		out[hour] = d.String()
	}
	return out
}

// reconciling polls as polling does, and reconciles.
func reconciling(url string) func(*sections) {
	return func(s *sections) {
		polling(url)(s)
		s.reconcile = reconcile.NewDefaultConfig()
		s.reconcile.Behind, s.reconcile.BudgetShare = behind, 1
		for _, c := range []*Config{s.rest, s.search, s.events} {
			c.Backfill, c.Interval, c.Lookback = past+time.Hour, 200*time.Millisecond, []time.Duration{5 * time.Minute, past}
		}
	}
}

// wrongStatements are the hours that are over whose newest statement is not as ok wants it,
// or does not speak of what the store has.
func wrongStatements(t *testing.T, v *vendor, s *feedtest.Store, over time.Duration, ok func(api.Count, *record.Reconciliation) bool) (wrong string) {
	t.Helper()
	got, have := newest(s), digests(s)
	for key, c := range v.truth(t, over) {
		r, found := got[key]
		if !found || !ok(c, &r) || r.Digest != have[key] && (r.Observed > 0 || have[key] != "") {
			wrong += fmt.Sprintf("%+v: %+v, stored %s\n", c, r, have[key])
		}
	}
	return wrong
}

// requireStatements waits until no statement is wrong.
func requireStatements(t *testing.T, v *vendor, s *feedtest.Store, over time.Duration, ok func(api.Count, *record.Reconciliation) bool) {
	t.Helper()
	wrong := "?"
	for deadline := time.Now().Add(time.Minute); wrong != "" && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		wrong = wrongStatements(t, v, s, over, ok)
	}
	require.Empty(t, wrong)
	for _, r := range s.Statements() {
		require.Equal(t, "acme", r.Tenant)
		require.False(t, r.EventID.IsZero())
		require.Positive(t, r.Pass)
		if r.Verdict == record.VerdictAgreed {
			require.Equal(t, r.VendorCount, r.Observed+r.Ignored+r.Quarantined)
			require.Zero(t, r.Missing)
		}
	}
}

func agreed(c api.Count, r *record.Reconciliation) bool {
	return r.Verdict == record.VerdictAgreed && r.VendorCount == int64(c.Documents)
}

func by(method string) func(api.Count, *record.Reconciliation) bool {
	return func(c api.Count, r *record.Reconciliation) bool {
		return agreed(c, r) && r.Method == method && (method == record.MethodCount || r.Reason != "")
	}
}

// notShown: of the documents that no list shows each is missing, and named as such.
func notShown(verdicts ...record.Verdict) func(api.Count, *record.Reconciliation) bool {
	return func(c api.Count, r *record.Reconciliation) bool {
		if c.Shown == c.Documents {
			return agreed(c, r)
		}
		return slices.Contains(verdicts, r.Verdict) && r.VendorCount == int64(c.Documents) && r.Missing == int64(c.Documents-c.Shown) && r.Reason != ""
	}
}

// TestStatementsEqualTheTruth: whatever the vendor does with its counts and lists, the
// newest statement of each hour is what is true of it, also after documents appeared late.
func TestStatementsEqualTheTruth(t *testing.T) {
	f := func(faults map[string]float64, now, later func(api.Count, *record.Reconciliation) bool, then map[string]float64, end func(api.Count, *record.Reconciliation) bool) {
		t.Helper()
		t.Run(fmt.Sprint(faults), func(t *testing.T) {
			t.Parallel()
			v := startVendor(t, func(o *api.Options) {
				o.From, o.Faults, o.CountCap, o.Late = noon.Add(-past), faults, 4, 0.2
				if faults[api.FaultNeverShown] > 0 {
					o.Late = 0 // a document that appears late, and not even then, is counted at the next pass
				}
			})
			s := feedtest.NewStore()
			start(t, s, t.TempDir(), func(c *sections) {
				reconciling(v.url)(c)
				if faults[api.FaultCountCapped] > 0 {
					c.countCut = 4
				}
			})
			requireStatements(t, v, s, behind, now)
			v.clock.Add(int64(2 * behind))
			requireStatements(t, v, s, 3*behind, later)
			require.NoError(t, v.SetFaults(then))
			v.clock.Add(int64(25 * time.Hour)) // what is late or hidden appears, and each hour is asked about again
			requireStatements(t, v, s, 3*behind, end)
			require.Empty(t, s.Quarantine())
		})
	}
	none := func(fault string) map[string]float64 { return map[string]float64{fault: 0} }
	always := func(fault string) map[string]float64 { return map[string]float64{fault: 1} }
	larger := func(verdict record.Verdict) func(api.Count, *record.Reconciliation) bool {
		return func(c api.Count, r *record.Reconciliation) bool {
			return r.Verdict == verdict && r.VendorCount == int64(c.Documents)+2 && r.Missing == 2
		}
	}
	atLeast := func(c api.Count, r *record.Reconciliation) bool { return r.VendorCount >= int64(c.Documents) }

	f(nil, agreed, agreed, nil, by(record.MethodCount))
	f(always(api.FaultCountRefused), by(record.MethodIDs), by(record.MethodIDs), none(api.FaultCountRefused), agreed)
	f(always(api.FaultCountNoHeader), by(record.MethodIDs), by(record.MethodIDs), nil, by(record.MethodIDs))
	f(always(api.FaultCountCapped), agreed, agreed, nil, agreed)
	f(always(api.FaultCountSmall), by(record.MethodIDs), by(record.MethodIDs), none(api.FaultCountSmall), agreed)
	f(always(api.FaultCountLarge), larger(record.VerdictShort), larger(record.VerdictHidden), none(api.FaultCountLarge), agreed)
	f(always(api.FaultCountLate), agreed, agreed, nil, agreed)
	f(always(api.FaultCountChanging), atLeast, atLeast, none(api.FaultCountChanging), agreed)
	f(map[string]float64{api.FaultListHidden: 0.2}, notShown(record.VerdictShort), notShown(record.VerdictHidden), nil, agreed)
	f(map[string]float64{api.FaultNeverShown: 0.2}, notShown(record.VerdictShort), notShown(record.VerdictHidden), nil, notShown(record.VerdictHidden, record.VerdictShort))
}

// TestReconciliationIsReported: what is missing is in the metrics, and in the log once for
// each hour and change; without a count the first hour alone is.
func TestReconciliationIsReported(t *testing.T) {
	v := startVendor(t, func(o *api.Options) {
		o.From, o.Late, o.Faults = noon.Add(-5*time.Hour), 0, map[string]float64{api.FaultCountLarge: 1}
	})
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tt.Shutdown(context.Background())) })
	s := feedtest.NewStore()
	r := newFeeds(t, s, t.TempDir(), reconciling(v.url), nil, func(set *receiver.Settings) {
		logger := set.Logger
		set.TelemetrySettings = tt.NewTelemetrySettings()
		set.Logger = logger
	})
	r.client.Retry = feedtest.QuickRetry
	r.start()
	requireStatements(t, v, s, behind, func(_ api.Count, r *record.Reconciliation) bool { return r.Verdict == record.VerdictShort })
	const hours = 25 // at least, of the backfill that are over, most of them without documents
	require.Eventually(t, func() bool {
		_, err := tt.GetMetric("otelcol_receiver_provisioning_reconciliation_missing")
		return err == nil && values[int64](t, tt, "receiver_provisioning_reconciliation_missing", "feed")["events"] >= 2*hours
	}, 10*time.Second, 20*time.Millisecond)
	require.GreaterOrEqual(t, values[int64](t, tt, "receiver_provisioning_reconciliation_passes", "verdict")["short"], int64(hours))
	warned := map[string]int{}
	for _, e := range r.Logs.FilterMessageSnippet("were not delivered; the hour is read again").All() {
		require.Equal(t, zap.WarnLevel, e.Level)
		warned[fmt.Sprint(e.ContextMap()["feed"], e.ContextMap()["hour"])]++
	}
	require.GreaterOrEqual(t, len(warned), hours)
	for hour, n := range warned {
		require.Equal(t, 1, n, hour)
	}

	require.NoError(t, v.SetFaults(map[string]float64{api.FaultCountLarge: 0}))
	v.clock.Add(int64(2 * behind))
	requireStatements(t, v, s, behind, agreed)
	require.Eventually(t, func() bool {
		return values[int64](t, tt, "receiver_provisioning_reconciliation_missing", "feed")["events"] == 0
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, noon.Unix(), values[int64](t, tt, "receiver_provisioning_reconciliation_newest_agreed", "feed")["events"])
}

// TestNoReconciliationWithoutStorage: nothing is stated where nothing is remembered.
func TestNoReconciliationWithoutStorage(t *testing.T) {
	cfg := reconcile.NewDefaultConfig()
	env := feedtest.NewEnv(t, provisioning.FeedEvents, feedtest.NewStore(), t.TempDir())
	t.Cleanup(env.Stop)
	env.OpenStorage = nil
	client := apiclient.New(new(apiclient.NewDefaultConfig()), env.TelemetrySettings, env.Metrics)
	parts := NewEvents(new(NewDefaultEventsConfig()), env.Settings, NewAPI(client, &cfg))
	require.Len(t, parts, 1)
	require.Equal(t, 1, env.Logs.FilterMessageSnippet("is not reconciled").Len())
}
