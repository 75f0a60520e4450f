package pollfeed

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
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
	hour time.Time
}

// counts is how many documents the vendor truly has in each hour that is over.
func (v *vendor) counts(behind time.Duration) map[feedHour]int64 {
	out, now := map[feedHour]int64{}, time.Unix(0, v.clock.Load())
	v.Counts(func(index string, hour int64, documents int) {
		if at := time.UnixMilli(hour).UTC(); now.Sub(at) > time.Hour+behind {
			out[feedHour{feedsOf[index], at}] = int64(documents)
		}
	})
	return out
}

// newest are the statements that hold.
func newest(s *feedtest.Store) map[feedHour]record.Reconciliation {
	out := map[feedHour]record.Reconciliation{}
	for _, r := range s.Statements() {
		key := feedHour{r.Feed, r.Hour.AsTime()}
		if old, ok := out[key]; !ok || old.ObservedAt < r.ObservedAt {
			out[key] = r
		}
	}
	return out
}

// digest is that of what the store has of an hour.
func digest(s *feedtest.Store, key feedHour) string {
	seen := map[string]bool{}
	var d record.DocumentsDigest
	for _, o := range s.All() {
		id := o.VendorID
		if key.feed == provisioning.FeedEvents {
			id = o.EventID.String()
		}
		if o.Feed == key.feed && o.VendorCreatedAt.AsTime().Truncate(time.Hour).Equal(key.hour) && !seen[id] {
			seen[id] = true
			d.Add(id)
		}
	}
	return d.String()
}

// reconciling polls as polling does, and reconciles.
func reconciling(url string) func(*settings) {
	return func(s *settings) {
		polling(url)(s)
		s.reconcile = reconcile.NewDefaultConfig()
		s.reconcile.Behind, s.reconcile.BudgetShare = 30*time.Second, 1
	}
}

// TestStatementsEqualTheTruth: without faults each hour of each feed is stated as agreed with
// the vendor's true count, and the documents that it speaks of are those that were accepted.
func TestStatementsEqualTheTruth(t *testing.T) {
	v := startVendor(t, func(o *api.Options) { o.From = noon.Add(-26 * time.Hour) })
	s := feedtest.NewStore()
	start(t, s, t.TempDir(), reconciling(v.url))
	agree := func() bool {
		want, got := v.counts(30*time.Second), newest(s)
		for key, n := range want {
			if r := got[key]; r.Verdict != record.VerdictAgreed || r.VendorCount != n {
				return false
			}
		}
		return true
	}
	require.Eventually(t, agree, 20*time.Second, 50*time.Millisecond)
	v.clock.Add(int64(7 * time.Hour)) // late documents appear
	require.Eventually(t, agree, 20*time.Second, 50*time.Millisecond)
	require.NotEmpty(t, v.counts(30*time.Second))
	for key, r := range newest(s) {
		require.Equal(t, digest(s, key), r.Digest, key)
		require.Equal(t, r.VendorCount, r.Observed+r.Ignored+r.Quarantined, key)
		require.Zero(t, r.Missing)
	}
}
