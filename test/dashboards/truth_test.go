package dashboards

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// The numbers of every panel that shows some are compared with what was simulated.
func testNumbersAreTrue(t *testing.T, s *store, h *history, sc scope) {
	by := map[string]*board{}
	for _, b := range boards(t) {
		by[b.Title] = b
	}
	compared := map[string]bool{}
	panelOf := func(title, name string, chosen map[string][]string) *result {
		t.Helper()
		b := by[title]
		require.NotNil(t, b, title)
		sc := sc
		sc.vars, sc.typed = b.choose(chosen), b.typed()
		for _, p := range b.all() {
			if p.Title == name {
				compared[title+" / "+name] = true
				return s.query(t, sc.expand(t, p.Targets[0].RawSQL))
			}
		}
		require.Fail(t, "no panel "+name)
		return nil
	}
	count := func(match func(*provisioning.Activity) bool) float64 {
		n := 0.0
		for i := range h.activities {
			if match(&h.activities[i]) {
				n++
			}
		}
		return n
	}
	const overview = "Provisioning overview"

	for _, status := range provisioning.Statuses {
		want := count(func(a *provisioning.Activity) bool { return a.Status == status })
		assert.Positive(t, want, status)
		assert.InDelta(t, want, panelOf(overview, "Activities by status", nil).sum(t, status.String()), 0, status)
		assert.InDelta(t, want, panelOf(overview, "By source", nil).sum(t, status.String()), 0, "by source: %s", status)
		assert.InDelta(t, want, panelOf(overview, "By kind and operation", nil).sum(t, status.String()), 0, "by kind: %s", status)
		assert.InDelta(t, want, panelOf("Activities", "Activities by status", nil).sum(t, status.String()), 0, "activities: %s", status)

		entered := count(func(a *provisioning.Activity) bool {
			return slices.ContainsFunc(a.History, func(s provisioning.Step) bool { return s.Status == status })
		})
		assert.InDelta(t, entered, panelOf(overview, "Activities by status over time", nil).sum(t, status.String()), 0, "entered %s", status)
	}
	assert.InDelta(t, count(func(a *provisioning.Activity) bool { return a.Status == provisioning.StatusRetrying }),
		panelOf(overview, "Open now", nil).sum(t, "Retrying"), 0)
	assert.NotEmpty(t, h.stalled)
	assert.InDelta(t, len(h.stalled), panelOf(overview, "Open now", nil).sum(t, "Stalled"), 0)
	flight := 0
	for i := range h.groups {
		if c := h.groups[i].Counts; c[provisioning.StatusPending]+c[provisioning.StatusRetrying] > 0 {
			flight++
		}
	}
	assert.InDelta(t, flight, panelOf(overview, "Open now", nil).sum(t, "Groups in flight"), 0)

	one := find(t, h, provisioning.StatusFailed)
	assert.InDelta(t, count(func(a *provisioning.Activity) bool {
		return a.Status == provisioning.StatusFailed && a.SourceName == one.SourceName
	}), panelOf(overview, "Activities by status", map[string][]string{"source": {one.SourceName}}).sum(t, "Failed"), 0)

	attempts := map[[3]string]bool{}
	for i := range h.activities {
		if a := &h.activities[i]; a.Kind == provisioning.KindPassword {
			attempts[[3]string{a.Key.GroupID, a.Key.Source, a.Key.Account}] = true
		}
	}
	passwords := panelOf(overview, "Passwords changed", nil)
	got := 0.0
	for _, name := range []string{"not failed", "failed on IdentityNow", "failed on the source", "failed on both"} {
		got += passwords.sum(t, name)
	}
	assert.InDelta(t, len(attempts), got, 0)

	group := map[string][]string{"group": {one.Key.GroupID}}
	inGroup := count(func(a *provisioning.Activity) bool { return a.Key.GroupID == one.Key.GroupID })
	steps := 0
	for i := range h.activities {
		if a := &h.activities[i]; a.Key.GroupID == one.Key.GroupID {
			steps += len(a.History)
		}
	}
	assert.Len(t, panelOf("Group", "Activities of the group", group).rows, int(inGroup))
	assert.Len(t, panelOf("Group", "Details", group).rows, steps)
	summary := panelOf("Group", "The group", group)
	require.Len(t, summary.rows, 1)
	ids := panelOf("Group", "Ids of the group and its trace", group)
	require.Len(t, ids.rows, 1)
	assert.Equal(t, provisioning.TraceID(tenantName, one.Key.GroupID).String(), ids.rows[0][ids.column("trace")])
	assert.InDelta(t, provisioning.GroupNumber(tenantName, one.Key.GroupID), number(t, summary.rows[0][summary.column("group")]), 0)

	identity := map[string][]string{"identity": {one.IdentityName}}
	assert.InDelta(t, count(func(a *provisioning.Activity) bool { return a.IdentityID == one.IdentityID }),
		panelOf("Identity", "In the range", identity).sum(t, "Activities"), 0)
	assert.InDelta(t, 3, panelOf("Pipeline", "In quarantine", nil).sum(t, "records"), 0)
	assert.InDelta(t, 0, panelOf("Pipeline", "Unknown status words", nil).sum(t, "observations"), 0)
	assert.InDelta(t, countObservations(h), panelOf("Pipeline", "Observations received", nil).sum(t, "rest"), 0)
	testOtherNumbers(t, h, panelOf, one)
	testFailuresAndWaiting(t, h, panelOf)
	testTimeline(t, h, panelOf("Group", "Status of each activity", group), one.Key.GroupID)

	for _, b := range by {
		for _, p := range b.all() {
			switch p.Type {
			case "stat", "timeseries", "barchart", "bargauge":
				if p.Targets[0].Datasource.Type == "grafana-clickhouse-datasource" {
					assert.True(t, compared[b.Title+" / "+p.Title], "%s / %s is compared with the truth", b.Title, p.Title)
				}
			}
		}
	}
}

func countObservations(h *history) (n int) {
	for i := range h.records {
		if h.records[i].RecordType == record.TypeObservation {
			n++
		}
	}
	return n
}
