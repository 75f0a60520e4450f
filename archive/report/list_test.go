package report

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// many makes the newest states of n activities, with many equal values.
func many(n int) (list []*record.Record) {
	for i := range n {
		list = append(list, state(i, 2, provisioning.Statuses[i%5], func(r *record.Record) {
			r.IdentityName = []string{"Ada", "bob", "Carol", ""}[i%4]
			r.SourceName = []string{"SAP", "Workday", "Active Directory"}[i%3]
			r.OccurredAt = pcommon.NewTimestampFromTime(noon.Add(time.Duration(i%7) * time.Minute))
			r.Attempts = int64(i % 3)
			if r.Status == provisioning.StatusFailed {
				r.Outcome = []provisioning.Outcome{provisioning.OutcomeFault, provisioning.OutcomeDeclined}[i/5%2]
			}
		}))
	}
	return list
}

func ids(rows []record.Record) (list []provisioning.ID) {
	for i := range rows {
		list = append(list, rows[i].ActivityID)
	}
	return list
}

// Pages one after another are the whole list once, in its order, forwards and backwards,
// whatever is written meanwhile.
func TestPagesAreTheWholeList(t *testing.T) {
	all := many(60)
	dir := store(t, false, all[:30], all[30:])
	asOf := noon.Add(30 * time.Minute)
	later := store(t, false, all, func() (changed []*record.Record) { // the same archive a while later
		for i, r := range all {
			if i%4 == 0 {
				next := *r
				next.Version, next.Status, next.IdentityName = 9, provisioning.StatusSuccess, "zoe"
				next.ObservedAt = pcommon.NewTimestampFromTime(asOf.Add(time.Minute))
				next.EventID = provisioning.EventID(&next.Observation)
				changed = append(changed, &next)
			}
		}
		return changed
	}())
	rapid.Check(t, func(rt *rapid.T) {
		q := ListQuery{
			Filter: day(), Sort: rapid.SampledFrom(SortColumns).Draw(rt, "sort"), Descending: rapid.Bool().Draw(rt, "descending"),
			Size: rapid.IntRange(7, 70).Draw(rt, "size"), AsOf: asOf,
		}
		if rapid.Bool().Draw(rt, "failed") {
			q.Filter.Status = []string{"failed", "Success"}
		}
		want := []record.Record{}
		for _, r := range all {
			if one(q.Filter.Status, r.Status.String()) {
				want = append(want, *r)
			}
		}
		column := record.Activities.Column(q.Sort)
		slices.SortFunc(want, func(a, b record.Record) int {
			order := cmp.Or(cmp.Compare(column.Number(&a), column.Number(&b)), strings.Compare(strings.ToLower(column.Word(&a)), strings.ToLower(column.Word(&b))), slices.Compare(a.ActivityID[:], b.ActivityID[:]))
			if column.Value == record.ValueStatus {
				order = cmp.Or(slices.Index(provisioning.Statuses[:], a.Status)-slices.Index(provisioning.Statuses[:], b.Status), slices.Compare(a.ActivityID[:], b.ActivityID[:]))
			}
			if column.Value == record.ValueText {
				order = cmp.Or(strings.Compare(strings.ToLower(column.Word(&a)), strings.ToLower(column.Word(&b))), slices.Compare(a.ActivityID[:], b.ActivityID[:]))
			}
			if q.Descending {
				return -order
			}
			return order
		})
		var got []record.Record
		var last *List
		where := dir
		for {
			page, err := ReadList(t.Context(), where, q)
			require.NoError(rt, err)
			require.Equal(rt, int64(len(want)), page.Total)
			require.Equal(rt, int64(len(got)+1), page.First)
			require.Equal(rt, q.After != "", page.Previous != "")
			got, last, where = append(got, page.Rows...), page, later
			if page.Next == "" {
				break
			}
			q.After = page.Next
		}
		require.Equal(rt, ids(want), ids(got))
		back := slices.Clone(last.Rows)
		for last.Previous != "" {
			q.After, q.Before = "", last.Previous
			page, err := ReadList(t.Context(), where, q)
			require.NoError(rt, err)
			back, last = append(slices.Clone(page.Rows), back...), page
			require.Equal(rt, int64(len(want)-len(back)+1), page.First)
		}
		require.Equal(rt, ids(want), ids(back))
	})
}

func TestListCountsAndNamesWhatIsUnknown(t *testing.T) {
	all := many(60)
	folded := state(70, 2, provisioning.StatusFailed, func(r *record.Record) { r.FoldedInto = all[0].ActivityID })
	dir := store(t, true, all, []*record.Record{folded})
	q := ListQuery{Filter: day(), Size: 5}
	q.Filter.Source, q.Filter.Status = []string{"sap", "SAPP"}, []string{"Failed"}
	list, err := ReadList(t.Context(), dir, q)
	require.NoError(t, err)
	var want Counts
	for _, r := range all {
		if r.SourceName == "SAP" {
			want.ByStatus[r.Status]++
			if r.Outcome == provisioning.OutcomeDeclined {
				want.Declined++
			}
		}
	}
	require.Equal(t, want, list.Counts, "of the source, in every status")
	require.Equal(t, want.ByStatus[provisioning.StatusFailed], list.Total)
	require.Equal(t, []string{`source "SAPP"`}, list.Unknown)
	require.Equal(t, []string{"Active Directory", "SAP", "Workday"}, list.Sources)

	q.Filter = day()
	q.Filter.Status, q.Filter.Outcome = []string{"Failed"}, []string{"fault"}
	list, err = ReadList(t.Context(), dir, q)
	require.NoError(t, err)
	require.Equal(t, list.Counts.Faults(), list.Total)
	for _, r := range list.Rows {
		require.Equal(t, provisioning.OutcomeFault, r.Outcome)
	}

	q.Filter = Filter{From: noon.Add(48 * time.Hour), To: noon.Add(72 * time.Hour)}
	list, err = ReadList(t.Context(), dir, q)
	require.NoError(t, err)
	require.Empty(t, list.Rows)
	require.Zero(t, list.Counts.Total())
}

func TestAWrongListQueryIsSaid(t *testing.T) {
	f := func(q ListQuery, want string) {
		t.Helper()
		q.Filter = day()
		_, err := ReadList(t.Context(), t.TempDir(), q)
		require.ErrorIs(t, err, ErrFilter)
		require.ErrorContains(t, err, want)
	}
	f(ListQuery{Size: 1, Sort: "original"}, "none of occurred_at, status")
	f(ListQuery{Size: 0}, "1 to 1000 rows")
	f(ListQuery{Size: 1, After: "x"}, "begin with the first page")
	f(ListQuery{Size: 1, After: strings.Repeat("0", 32) + ".x.y"}, "begin with the first page")
	f(ListQuery{Size: 1, After: "x", Before: "y"}, "only one of after and before")
}

func TestOverview(t *testing.T) {
	all := many(60)
	waiting := state(80, 2, provisioning.StatusPending, func(r *record.Record) {
		r.ApprovalStatus, r.ApproverName, r.Stalled = provisioning.ApprovalPending, "Mara", true
		r.StatusSince = pcommon.NewTimestampFromTime(noon)
	})
	password := state(81, 2, provisioning.StatusFailed, func(r *record.Record) {
		r.Kind, r.FailedOn, r.Outcome = provisioning.KindPassword, provisioning.FailedOnSource, provisioning.OutcomeFault
	})
	dir := store(t, true, all, []*record.Record{waiting, password})
	f := day()
	f.From = noon.Add(-2 * time.Hour)
	o, err := ReadOverview(t.Context(), dir, f)
	require.NoError(t, err)
	require.Equal(t, int64(62), o.Counts.Total())
	bySource := map[string]Counts{}
	for _, r := range append(all, waiting, password) {
		c := bySource[r.SourceName]
		c.add(r)
		bySource[r.SourceName] = c
	}
	require.Len(t, o.Sources, len(bySource))
	for _, s := range o.Sources {
		require.Equal(t, bySource[s.Name], s.Counts, s.Name)
	}
	require.Equal(t, map[provisioning.FailedOn]int64{provisioning.FailedOnSource: 1}, o.Passwords)
	require.Equal(t, Queue{Wait{"approval", "Mara"}, "SAP", 1, 1, noon}, o.Waiting[0], "what is stalled stands first")
	states := map[string]int{}
	for _, s := range o.Hours.States {
		states[s.State] = s.N
	}
	require.Equal(t, 1, states[hourSealed])
	require.Equal(t, int64(62), o.Hours.Rows)
}

func TestStory(t *testing.T) {
	pending, failed := state(1, 2, provisioning.StatusPending), state(1, 4, provisioning.StatusFailed)
	timer := *failed
	timer.AsState(5)
	other := state(2, 2, provisioning.StatusSuccess, func(r *record.Record) { r.GroupID, r.GroupNumber = "g1", 1 })
	before := state(2, 1, provisioning.StatusPending, func(r *record.Record) { r.GroupID = "g1"; r.ActivityID = other.ActivityID })
	other.ActivityID, before.ActivityID = provisioning.ID{7}, provisioning.ID{7}
	for _, seal := range []bool{false, true} {
		dir := store(t, seal, append(many(40)[3:], failed, before), []*record.Record{pending, other}, []*record.Record{&timer, pending})
		s, err := ReadStory(t.Context(), dir, failed.ActivityID, noon.Add(-time.Hour))
		require.NoError(t, err)
		require.Len(t, s.Timeline, 3, "each record once")
		for i, want := range []*record.Record{pending, failed, &timer} {
			require.Equal(t, want.EventID, s.Timeline[i].EventID)
			require.Equal(t, want.Status, s.Timeline[i].Status)
			require.Equal(t, want.Original, s.Timeline[i].Original)
		}
		require.Equal(t, timer.EventID, s.Newest.EventID)
		require.Len(t, s.Group, 1)
		require.Equal(t, provisioning.StatusSuccess, s.Group[0].Status)
		require.Equal(t, 1, s.Others)
		for _, p := range s.Files {
			require.Equal(t, !seal, p.Open)
			require.Equal(t, seal, p.Seal != "")
			require.Empty(t, p.Problem)
		}
		_, err = ReadStory(t.Context(), dir, provisioning.ID{9}, noon)
		var missing *NotFound
		require.ErrorAs(t, err, &missing)
		require.Equal(t, archive.HourOf(noon), missing.First)
		require.ErrorIs(t, err, ErrNothing)
	}
}
