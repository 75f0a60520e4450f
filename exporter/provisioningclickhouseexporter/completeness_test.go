package provisioningclickhouseexporter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// document is an observation of a document that the vendor made in an hour.
func document(vendorID string, created pcommon.Timestamp) record.Record {
	r := record.Record{RecordType: record.TypeObservation, Version: 2, Current: true, Status: provisioning.StatusPending}
	r.Tenant, r.Feed, r.GroupID, r.VendorID = "acme", provisioning.FeedSearch, vendorID, vendorID
	r.EventID = id("document" + vendorID)
	r.VendorCreatedAt, r.OccurredAt, r.ObservedAt = created+hour/3, created+hour/2, created+hour
	return r
}

// stated is the statement that the vendor had n documents in an hour, and that those with the
// ids were delivered.
func stated(created pcommon.Timestamp, verdict record.Verdict, n int64, ids ...string) record.Reconciliation {
	var digest record.DocumentsDigest
	for _, id := range ids {
		digest.Add(id)
	}
	return record.Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedSearch, Hour: created, ObservedAt: created + 2*hour, Pass: 1, Verdict: verdict,
		VendorCount: n, Method: record.MethodCount, Observed: int64(len(ids)), Digest: digest.String(), Missing: max(n-int64(len(ids)), 0),
	}
}

func (f *fixture) state(t *testing.T, statements ...record.Reconciliation) {
	t.Helper()
	logs := records()
	to := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range statements {
		record.WriteReconciliation(&statements[i], to.AppendEmpty())
	}
	require.NoError(t, f.pushLogs(t.Context(), logs))
}

// completeness is each hour, counted from a first one: what is missing, and whether it is
// complete.
func (f *fixture) completeness(t *testing.T, first pcommon.Timestamp) string {
	t.Helper()
	return one[string](t, f, fmt.Sprintf(
		"SELECT arrayStringConcat(groupArray(concat(toString(intDiv(toUnixTimestamp(hour) - %d, 3600)), ' ', toString(missing), if(complete, ' complete', ''))), ', ') "+
			"FROM (SELECT * FROM completeness WHERE tenant = 'acme' ORDER BY hour)", first/1e9))
}

func (f *fixture) completeUntil(t *testing.T) *time.Time {
	t.Helper()
	return one[*time.Time](t, f, "SELECT complete_until FROM complete_until WHERE tenant = 'acme' AND feed = 'search'")
}

func TestCompleteness(t *testing.T) {
	f := start(t)
	h := func(n int) pcommon.Timestamp { return monday + pcommon.Timestamp(n)*hour }
	list := []record.Record{
		document("a", h(0)), document("b", h(0)), document("c", h(1)), document("d", h(2)), document("e", h(4)), document("f", h(5)), document("g", h(5)),
	}
	again := list[0] // the same document in another state
	again.EventID, again.OccurredAt = id("another"), h(3)
	folded := list[1]
	folded.AsState(4)
	folded.VendorID = "made of several" // no document of its own
	require.NoError(t, f.pushLogs(t.Context(), records(append(list, again, folded)...)))
	require.Empty(t, f.completeness(t, monday), "nothing is said without a statement")
	require.Zero(t, one[uint64](t, f, "SELECT count() FROM complete_until"))

	q := record.Quarantined{Tenant: "acme", Feed: provisioning.FeedSearch, Reason: "bad", Original: "{", VendorID: "q", VendorCreatedAt: h(5), ObservedAt: h(6)}
	logs := records()
	record.WriteQuarantined(&q, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty())
	require.NoError(t, f.pushLogs(t.Context(), logs))

	short := stated(h(1), record.VerdictShort, 2, "c")
	quarantined := stated(h(5), record.VerdictAgreed, 3, "f", "g")
	quarantined.Quarantined, quarantined.Missing = 1, 0
	f.state(t,
		stated(h(0), record.VerdictAgreed, 2, "a", "b"),
		short,
		stated(h(2), record.VerdictAgreed, 2, "d", "not stored"),
		stated(h(3), record.VerdictAgreed, 0),
		stated(h(4), record.VerdictFewer, 0, "e"),
		quarantined,
		stated(h(7), record.VerdictAgreed, 0),
	)
	require.Equal(t, "0 0 complete, 1 1, 2 1, 3 0 complete, 4 0 complete, 5 0 complete, 7 0 complete", f.completeness(t, monday))
	require.Equal(t, h(1).AsTime(), f.completeUntil(t).UTC())

	t.Run("the newest statement holds, also with the digest of documents that came later", func(t *testing.T) {
		require.NoError(t, f.pushLogs(t.Context(), records(document("late", h(1)), document("not stored", h(2)))))
		require.Equal(t, "0 0 complete, 1 1, 2 0 complete, 3 0 complete, 4 0 complete, 5 0 complete, 7 0 complete", f.completeness(t, monday))
		restated := stated(h(1), record.VerdictAgreed, 2, "c", "late")
		restated.ObservedAt += hour
		f.state(t, restated, short)
		require.Equal(t, "0 0 complete, 1 0 complete, 2 0 complete, 3 0 complete, 4 0 complete, 5 0 complete, 7 0 complete", f.completeness(t, monday))
		require.Equal(t, h(6).AsTime(), f.completeUntil(t).UTC(), "hour 6 has no statement")
	})
	t.Run("a row is deleted by hand", func(t *testing.T) {
		require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_observations DELETE WHERE vendor_id = 'e' SETTINGS mutations_sync = 2"))
		require.Equal(t, "0 0 complete, 1 0 complete, 2 0 complete, 3 0 complete, 4 1, 5 0 complete, 7 0 complete", f.completeness(t, monday))
		require.Equal(t, h(4).AsTime(), f.completeUntil(t).UTC())
		require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_quarantine DELETE WHERE vendor_id = 'q' SETTINGS mutations_sync = 2"))
		require.Contains(t, f.completeness(t, monday), "5 1, 7", "what was quarantined is gone")
	})
	t.Run("another document in its place", func(t *testing.T) {
		require.NoError(t, f.pushLogs(t.Context(), records(document("forged", h(4)))))
		require.Contains(t, f.completeness(t, monday), "4 1, 5")
	})
	t.Run("two events that are one observation", func(t *testing.T) {
		event := document("x", h(6))
		event.Feed = provisioning.FeedEvents
		require.NoError(t, f.pushLogs(t.Context(), records(event)))
		statement := stated(h(6), record.VerdictAgreed, 2, event.EventID.String())
		statement.Feed, statement.Observed, statement.Missing = provisioning.FeedEvents, 2, 0
		f.state(t, statement)
		require.Contains(t, f.completeness(t, monday), "6 0 complete")
	})
	t.Run("an unknown and a hidden hour", func(t *testing.T) {
		f.state(t, stated(h(-2), record.VerdictUnknown, 0), stated(h(-1), record.VerdictHidden, 1))
		require.Contains(t, f.completeness(t, monday), "-2 0, -1 1, 0 0 complete")
		require.Nil(t, f.completeUntil(t))
	})
}

// TestViewsAreWrittenOnce: a start writes them again only where one is missing.
func TestViewsAreWrittenOnce(t *testing.T) {
	f := start(t)
	again := func() (ids []string) {
		f.tables.ready = false
		f.state(t)
		for _, view := range []string{"completeness", "complete_until"} {
			ids = append(ids, one[string](t, f, "SELECT toString(uuid) FROM system.tables WHERE database = currentDatabase() AND name = '"+view+"'"))
		}
		return ids
	}
	first := again()
	require.Equal(t, first, again())
	require.NoError(t, f.conn.Exec(t.Context(), "DROP VIEW complete_until"))
	require.NotEqual(t, first[1], again()[1])
}

// TestCompletenessWithinRetention: hours of which the TTL may have removed observations are
// left out, and a week before the newest statement is all that complete_until looks at.
func TestCompletenessWithinRetention(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL = 10 * time.Hour })
	now := pcommon.NewTimestampFromTime(time.Now().Truncate(time.Hour))
	for n := range pcommon.Timestamp(12) {
		f.state(t, stated(now-n*hour, record.VerdictAgreed, 0))
	}
	require.Equal(t, now.AsTime().Add(-8*time.Hour), one[time.Time](t, f, "SELECT min(hour) FROM completeness"))
	f.tables.target.TTL, f.tables.ready = 0, false
	f.state(t, stated(now-167*hour, record.VerdictAgreed, 0), stated(now-168*hour, record.VerdictAgreed, 0))
	require.Equal(t, now.AsTime().Add(-168*time.Hour), one[time.Time](t, f, "SELECT min(hour) FROM completeness"), "the views follow the TTL")
	require.Equal(t, now.AsTime().Add(-167*time.Hour), one[time.Time](t, f, "SELECT since FROM complete_until"))
	require.Equal(t, now.AsTime().Add(-166*time.Hour), f.completeUntil(t).UTC())
}
