package provisioningclickhouseexporter

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	monday = pcommon.Timestamp(1_790_553_600_000_000_000) // 2026-09-28
	hour   = pcommon.Timestamp(3_600_000_000_000)
)

// history is the records of n groups over two days: each group has an activity that is
// first Pending, then Committed, and an account-level one that folds into it.
func history(n int) (list []record.Record, groups []record.Group) {
	for g := range n {
		at := monday + pcommon.Timestamp(g%40)*hour
		base := record.Record{Observation: provisioning.Observation{
			Tenant: "acme", Feed: provisioning.FeedREST, GroupID: fmt.Sprintf("g%d", g), SourceName: []string{"AD", "SAP"}[g%2],
			AccountID: fmt.Sprint("account", g), Operation: provisioning.OperationAdd, OccurredAt: at, ObservedAt: at + hour,
			Original: fmt.Sprintf(`{"id":"g%d"}`, g),
		}, RecordType: record.TypeObservation, Current: true, Kind: provisioning.KindProvisioning, GroupNumber: provisioning.GroupNumber("acme", fmt.Sprintf("g%d", g))}
		if g%7 == 3 {
			base.ErrorMessage = fmt.Sprintf("no route to 10.0.0.%d", g)
		}
		if g%5 == 0 {
			base.Kind, base.Operation, base.FailedOn = provisioning.KindPassword, provisioning.OperationChangePassword, provisioning.FailedOnNone
		}
		base.FirstPendingAt = at
		coarse, pending, committed := base, base, base
		coarse.EventID, coarse.ActivityID, coarse.Status, coarse.Version = id(fmt.Sprint("coarse", g)), id(fmt.Sprint("C", g)), provisioning.StatusPending, 2
		pending.EventID, pending.ActivityID, pending.Status, pending.Version = id(fmt.Sprint("p", g)), id(fmt.Sprint("A", g)), provisioning.StatusPending, 4
		committed.EventID, committed.ActivityID, committed.Status, committed.Version = id(fmt.Sprint("c", g)), id(fmt.Sprint("A", g)), provisioning.StatusCommitted, 6
		committed.PreviousStatus, committed.OccurredAt, committed.CommittedAt = provisioning.StatusPending, at+hour/2, at+hour/2
		if g%7 == 3 {
			committed.Status, committed.Outcome, committed.CommittedAt, committed.FirstFailedAt = provisioning.StatusFailed, provisioning.OutcomeFault, 0, at+hour/2
		}
		folded := coarse
		folded.AsState(4)
		folded.FoldedInto = pending.ActivityID
		list = append(list, coarse, pending, folded, committed)
		for v, s := range []provisioning.Status{provisioning.StatusPending, provisioning.StatusCommitted} {
			r := record.Group{Group: provisioning.Group{
				Tenant: "acme", ID: base.GroupID, Number: base.GroupNumber, Status: s, Activities: 1, FirstAt: at, LastAt: at + hour, Sources: []string{"AD"},
			}, Version: uint64(4 + 2*v), ObservedAt: at + hour}
			r.Counts[s] = 1
			groups = append(groups, r)
		}
	}
	return list, groups
}

func logsOf(list []record.Record, groups []record.Group) plog.Logs {
	logs := records(list...)
	to := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range groups {
		record.WriteGroup(&groups[i], to.AppendEmpty())
	}
	q := record.Quarantined{Tenant: "acme", Reason: "bad", File: "f", Original: "{", ObservedAt: monday}
	record.WriteQuarantined(&q, to.AppendEmpty())
	s := record.Reconciliation{Tenant: "acme", Feed: provisioning.FeedREST, Hour: monday, ObservedAt: monday + 2*hour, Verdict: record.VerdictAgreed, Digest: "0000000000000000"}
	record.WriteReconciliation(&s, to.AppendEmpty())
	return logs
}

// counts is what panels would show, of every view.
func counts(t *testing.T, f *fixture) map[string]string {
	t.Helper()
	got := map[string]string{}
	for name, query := range map[string]string{
		"observations":      "SELECT count(), uniqExact(event_id), countIf(original != '') FROM observations",
		"activities":        "SELECT status, count(), uniqExact(activity_id) FROM activities GROUP BY status ORDER BY status",
		"groups":            "SELECT group_status, count(), sum(committed_count), sum(pending_count) FROM groups GROUP BY ALL ORDER BY ALL",
		"quarantine":        "SELECT count() FROM quarantine",
		"passwords_changed": "SELECT failed_on, status, count() FROM passwords_changed GROUP BY ALL ORDER BY ALL",
		"status_hourly":     "SELECT hour, status, source_name, kind, sum(observations), sum(activities), sum(groups) FROM status_hourly GROUP BY ALL ORDER BY ALL",
		"transitions":       "SELECT hour, status, source_name, kind, count(), uniqExact(activity), uniqExact(group_number) FROM transitions GROUP BY ALL ORDER BY ALL",
		"errors":            "SELECT error, source, count(), uniqExact(activity), uniqExact(group_id), min(occurred_at) FROM errors GROUP BY ALL ORDER BY ALL",
		"dimensions":        "SELECT DISTINCT * FROM dimensions ORDER BY ALL",
		"lookup":            "SELECT DISTINCT tenant, group_number, activity, change_key, account_key FROM lookup ORDER BY ALL",
		"completeness":      "SELECT * FROM completeness ORDER BY ALL",
		"complete_until":    "SELECT * FROM complete_until ORDER BY ALL",
	} {
		got[name] = one[string](t, f, "SELECT arrayStringConcat(groupArray(toString(tuple(*))), ' ') FROM ("+query+")")
	}
	return got
}

func TestNothingIsDoubled(t *testing.T) {
	f := start(t)
	list, groups := history(60)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	want := counts(t, f)
	require.Equal(t, "('Committed',51,51) ('Failed',9,9)", want["activities"], "the folded are gone, the newest stand")
	require.Equal(t, "(240,240,180)", want["observations"])
	require.Equal(t, "('Committed',60,60,0)", want["groups"])
	require.Equal(t, "(1)", want["quarantine"])
	require.Equal(t, "('none','Committed',10) ('none','Failed',2)", want["passwords_changed"])

	t.Run("sent twice", func(t *testing.T) {
		before := one[uint64](t, f, "SELECT count() FROM provisioning_observations")
		require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
		require.Equal(t, before, one[uint64](t, f, "SELECT count() FROM provisioning_observations"), "the token was not recognised")
		require.Equal(t, want, counts(t, f))
	})
	t.Run("half applied, in other batches, in another order, by two at once", func(t *testing.T) {
		other := startOn(t, serverOf(t), f.cfg.Database)
		var sending sync.WaitGroup
		for i, e := range []*fixture{f, other} {
			sending.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 1))
				shuffled := append([]record.Record{}, list...)
				random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				for len(shuffled) > 0 {
					n := min(1+random.IntN(90), len(shuffled))
					assertNoError(t, e.pushLogs(t.Context(), logsOf(shuffled[:n], groups[:random.IntN(len(groups))])))
					shuffled = shuffled[n:]
				}
			})
		}
		sending.Wait()
		require.Equal(t, want, counts(t, f))
	})
	t.Run("merged", func(t *testing.T) {
		for _, table := range []string{"observations", "activities", "groups", "quarantine", "transitions", "reports", "errors"} {
			require.NoError(t, f.conn.Exec(t.Context(), "OPTIMIZE TABLE provisioning_"+table+" FINAL"))
		}
		require.Equal(t, want, counts(t, f))
		require.Equal(t, uint64(240), one[uint64](t, f, "SELECT count() FROM provisioning_observations"), "merging leaves one row an event")
	})
}

// TestInsertCutOffBetweenTables: the view that fills the rollup fails after the
// observations were written; the retry completes what is missing.
func TestInsertCutOffBetweenTables(t *testing.T) {
	f := start(t)
	list, groups := history(20)
	whole := start(t)
	require.NoError(t, whole.pushLogs(t.Context(), logsOf(list, groups)))

	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "CREATE MATERIALIZED VIEW zz_fails TO provisioning_reports AS "+
		"SELECT toStartOfHour(occurred_at) AS hour, throwIf(1, 'the disk is on fire', toInt16(241)) AS tenant FROM provisioning_observations SETTINGS allow_custom_error_code_in_throwif = 1"))
	require.Error(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.NoError(t, f.conn.Exec(t.Context(), "DROP VIEW zz_fails SYNC"))
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, counts(t, whole), counts(t, f))
}

func TestRefusedRowsAreQuarantinedAlone(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_observations ADD CONSTRAINT no_g7 CHECK group_id != 'g7'"))
	list, groups := history(30)
	for range 2 {
		require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	}
	require.Equal(t, uint64(4), one[uint64](t, f, "SELECT count() FROM quarantine WHERE position(reason, 'no_g7') > 0 AND position(original, 'g7') > 0"))
	require.Equal(t, uint64(116), one[uint64](t, f, "SELECT count() FROM observations"))
	require.Equal(t, uint64(30), one[uint64](t, f, "SELECT count() FROM groups"))
}
