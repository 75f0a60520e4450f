package provisioningclickhouseexporter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// overtaker is the group of the first success that makes up for a failure: of the same
// identity, source, attribute and value, later, in another group, and with the same account
// unless one is unknown or an account was to be created.
func overtaker(all []record.Record, failed *record.Record) int64 {
	takesAway := func(r *record.Record) bool {
		return slices.Contains([]provisioning.Operation{"Remove", "Delete", "Disable", "Lock"}, r.Operation)
	}
	var found []*record.Record
	for i := range all {
		r := &all[i]
		same := r.IdentityID == failed.IdentityID && r.SourceName == failed.SourceName && r.AttributeName == failed.AttributeName && r.AttributeValue == failed.AttributeValue
		if same && r.AttributeName == "" {
			same = r.Operation == failed.Operation
		} else if same {
			same = takesAway(r) == takesAway(failed)
		}
		account := strings.EqualFold(r.AccountID, failed.AccountID) || r.AccountID == "" || failed.AccountID == "" || failed.Operation == "Create"
		done := r.Status == provisioning.StatusCommitted || r.Status == provisioning.StatusSuccess || r.Status == provisioning.StatusNotVerifiable
		if same && account && done && r.GroupID != failed.GroupID && r.OccurredAt > failed.OccurredAt {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return 0
	}
	return slices.MinFunc(found, func(a, b *record.Record) int {
		return cmp.Or(cmp.Compare(a.OccurredAt, b.OccurredAt), cmp.Compare(a.GroupNumber, b.GroupNumber))
	}).GroupNumber
}

// TestFailuresNameWhatOvertookThem compares the view with a search through all pairs: for
// all groups, and for one.
func TestFailuresNameWhatOvertookThem(t *testing.T) {
	f := start(t)
	base := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	run, overtaken, work := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		from := base.AddDate(0, 0, run)
		one := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, name) }
		list := make([]record.Record, rapid.IntRange(1, 30).Draw(rt, "n"))
		for i := range list {
			r := &list[i]
			r.Tenant, r.Feed, r.RecordType = "acme", provisioning.FeedREST, record.TypeObservation
			r.GroupID = fmt.Sprintf("%d-%s", run, one("group", "a", "b", "c", "d"))
			r.GroupNumber = provisioning.GroupNumber("acme", r.GroupID)
			r.IdentityID, r.SourceName = fmt.Sprint(run, one("identity", "x", "y")), one("source", "LDAP", "SAP")
			r.AccountID = one("account", "", "Ann", "ann", "adm-ann")
			r.AttributeName = one("attribute", "", "groups")
			if r.AttributeName != "" {
				r.AttributeValue = one("value", "g1", "g2")
			}
			r.Operation = provisioning.Operation(one("operation", "Add", "Set", "Remove", "Create", "Disable"))
			r.Status = provisioning.Statuses[rapid.IntRange(0, len(provisioning.Statuses)-1).Draw(rt, "status")]
			if r.Status == provisioning.StatusFailed {
				r.Outcome = provisioning.Outcome(one("outcome", "fault", "fault", "declined"))
			}
			r.OccurredAt = pcommon.NewTimestampFromTime(from.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "minute")) * time.Minute))
			r.StatusSince, r.ObservedAt = r.OccurredAt, r.OccurredAt
			if r.Status == provisioning.StatusCommitted {
				r.CommittedAt = r.OccurredAt
			}
			r.ActivityID, r.EventID = id(fmt.Sprint("activity", run, i)), id(fmt.Sprint("event", run, i))
			r.Current, r.Version = true, 2
		}
		pushed := list
		for i := range list { // reported once more, and placed before it
			if again := list[i]; again.Status == provisioning.StatusFailed && rapid.Bool().Draw(rt, "twice") {
				again.EventID, again.Version, again.Current = id(fmt.Sprint("again", run, i)), 4, false
				again.ErrorMessage = one("error", "", "no route")
				pushed = append(pushed, again)
			}
		}
		require.NoError(rt, f.pushLogs(t.Context(), records(pushed...)))
		ask := func(group string) map[string]int64 {
			rows, err := f.conn.Query(t.Context(), fmt.Sprintf("SELECT a.activity_id, repaired_by, repaired_at IS NULL FROM failures(since = '%s', until = '%s', group = '%s') AS f INNER JOIN activities AS a ON a.activity = f.activity",
				from.Format(time.DateTime), from.Add(time.Hour).Format(time.DateTime), group))
			require.NoError(rt, err)
			got := map[string]int64{}
			for rows.Next() {
				var activity string
				var by int64
				var never bool
				require.NoError(rt, rows.Scan(&activity, &by, &never))
				require.Equal(rt, by == 0, never)
				require.NotContains(rt, got, activity)
				got[activity] = by
			}
			require.NoError(rt, rows.Err())
			return got
		}
		all, ofOne := map[string]int64{}, map[string]int64{}
		for i := range list {
			if r := &list[i]; r.Outcome == provisioning.OutcomeFault {
				by := overtaker(list, r)
				all[r.ActivityID.String()] = by
				if r.GroupID == list[0].GroupID {
					ofOne[r.ActivityID.String()] = by
				}
				if by == 0 {
					work++
				} else {
					overtaken++
				}
			}
		}
		require.Equal(rt, all, ask(""))
		require.Equal(rt, ofOne, ask(list[0].GroupID))
		require.Equal(rt, ofOne, ask(fmt.Sprint(list[0].GroupNumber)))
	})
	require.Positive(t, overtaken)
	require.Positive(t, work)
}

// TestFailuresAreOvertakenOnOtherShards: of thirty changes that failed, some were made by a
// group whose number lies on the other shard.
func TestFailuresAreOvertakenOnOtherShards(t *testing.T) {
	servers := startShards(t, 2)
	logs := startExporter(t, clusterConfig(servers))
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	var list []record.Record
	want := map[string]int64{}
	for i := range 30 {
		for n, status := range []provisioning.Status{provisioning.StatusFailed, provisioning.StatusSuccess} {
			r := record.Record{Current: true}
			r.Tenant, r.Feed, r.RecordType, r.Version = "acme", provisioning.FeedREST, record.TypeObservation, 2
			r.GroupID, r.IdentityID, r.SourceName, r.Operation = fmt.Sprint(status, i), fmt.Sprint(i), "LDAP", "Add"
			r.GroupNumber = provisioning.GroupNumber("acme", r.GroupID)
			r.Status = status
			if status == provisioning.StatusFailed {
				r.Outcome = provisioning.OutcomeFault
			}
			r.OccurredAt = pcommon.NewTimestampFromTime(at.Add(time.Duration(n) * time.Minute))
			r.StatusSince, r.ObservedAt = r.OccurredAt, r.OccurredAt
			r.ActivityID, r.EventID = id(fmt.Sprint("activity", i, n)), id(fmt.Sprint("event", i, n))
			list = append(list, r)
		}
		want[fmt.Sprint(provisioning.StatusFailed, i)] = list[len(list)-1].GroupNumber
	}
	require.NoError(t, logs.ConsumeLogs(t.Context(), records(list...)))
	for _, s := range servers {
		conn := s.Open(t, "spread")
		require.Eventually(t, func() bool {
			return len(strings1(t, conn, "SELECT activity_id AS x FROM activities")) == len(list) &&
				len(strings1(t, conn, "SELECT group_id AS x FROM errors")) == len(want)
		}, 30*time.Second, 50*time.Millisecond)
		for _, group := range []string{"", list[0].GroupID} {
			rows, err := conn.Query(t.Context(), "SELECT group_id, repaired_by FROM failures(since = '2026-11-01 00:00:00', until = '2026-11-03 00:00:00', group = '"+group+"')")
			require.NoError(t, err)
			got := map[string]int64{}
			for rows.Next() {
				var group string
				var by int64
				require.NoError(t, rows.Scan(&group, &by))
				got[group] = by
			}
			require.NoError(t, rows.Err())
			if group == "" {
				require.Equal(t, want, got)
			} else {
				require.Equal(t, map[string]int64{group: want[group]}, got)
			}
		}
	}
}
