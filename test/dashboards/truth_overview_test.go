package dashboards

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

const overviewTitle = "Provisioning overview"

// testFailuresAndWaiting compares the overview's failures, what waits, and the leavers
// with what was simulated.
func testFailuresAndWaiting(t *testing.T, h *history, panel panelQuery) {
	bySource, byCause, open := map[string]float64{}, map[string]float64{}, map[string]float64{}
	leavers := map[string]bool{}
	for i := range h.activities {
		a := &h.activities[i]
		if a.Outcome == provisioning.OutcomeFault {
			bySource[a.SourceName]++
			byCause[a.Cause]++
		}
		if a.Status.Open() {
			open[a.SourceName]++
		}
		if (a.Status.Open() || a.Outcome == provisioning.OutcomeFault) && a.Kind == provisioning.KindDeprovisioning && a.Cause == provisioning.CauseLifecycleChange {
			leavers[a.IdentityID+a.SourceName] = true
		}
	}
	compare := func(title, column string, want map[string]float64, sum string) {
		t.Helper()
		got := map[string]float64{}
		r := panel(overviewTitle, title, nil)
		for _, row := range r.rows {
			got[row[r.column(column)].(string)] += number(t, row[r.column(sum)])
		}
		for name, n := range want {
			assert.InDelta(t, n, got[name], 0, "%s: %s", title, name)
		}
	}
	compare("Failures by source", "source", bySource, "Failed")
	compare("Failures by cause", "cause", byCause, "Failed")
	compare("Waiting", "source", open, "activities")

	removals := panel(overviewTitle, "Leavers not yet removed", nil)
	require.NotEmpty(t, removals.rows)
	for _, row := range removals.rows {
		who := row[removals.column("identity_id")].(string) + row[removals.column("source")].(string)
		assert.True(t, leavers[who], "%s is not a leaver whose removal is open or failed", who)
	}
	wrong := panel(overviewTitle, "What is wrong now", nil)
	what := map[string]bool{}
	for _, row := range wrong.rows {
		what[row[wrong.column("what")].(string)] = true
		assert.NotEmpty(t, row[wrong.column("where")])
	}
	assert.True(t, what["A leaver still has access"])
	assert.True(t, what["Texts cannot be read"])
	assert.True(t, what["Work is stalled"])
	assert.False(t, what["Nothing new arrives"])

	errors := panel(overviewTitle, "Top errors", nil)
	for _, row := range errors.rows {
		assert.Contains(t, []string{"", "new"}, row[errors.column("since yesterday")])
		assertSpan(t, errors, row)
	}
	activities := panel("Activities", "Activities", nil)
	for _, row := range activities.rows {
		assertSpan(t, activities, row)
	}
}

// assertSpan says that a row's link to its group has a range with something in it.
func assertSpan(t *testing.T, r *result, row []any) {
	t.Helper()
	from, to := row[r.column("group_from")].(string), row[r.column("group_to")].(string)
	assert.Len(t, from, 13, "milliseconds")
	assert.Negative(t, strings.Compare(from, to), "from %s to %s", from, to)
}

// testTimeline: one line an activity, also where its source was unnamed at first, and
// every state one of the six words.
func testTimeline(t *testing.T, h *history, r *result, group string) {
	names, lines := map[string]map[string]bool{}, 0
	for _, row := range r.rows {
		id, name := row[r.column("activity_id")].(string), row[r.column("activity")].(string)
		if names[id] == nil {
			names[id] = map[string]bool{}
		}
		names[id][name] = true
		_, known := statusColours[row[r.column("state")].(string)]
		assert.True(t, known, row[r.column("state")])
	}
	for i := range h.activities {
		if h.activities[i].Key.GroupID == group {
			lines++
		}
	}
	assert.Len(t, names, lines)
	for id, n := range names {
		assert.Len(t, n, 1, "activity %s has several names", id)
	}
}
