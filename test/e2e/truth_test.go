package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

func readTruth(t *testing.T, dir string) (activities, groups blackbox.Facts) {
	t.Helper()
	activities, groups = blackbox.Facts{}, blackbox.Facts{}
	known, err := truth.Read(dir)
	require.NoError(t, err)
	for _, a := range known.Activities {
		activities[a.ActivityID] = blackbox.ActivityFact(&a)
	}
	for _, g := range known.Groups {
		groups[g.GroupID] = blackbox.GroupFact(&g)
	}
	require.NotEmpty(t, activities)
	require.NotEmpty(t, groups)
	return activities, groups
}

// matchesTruth checks both tables against the ground truth, by id and value.
func (c *collector) matchesTruth(t *testing.T, dir string) {
	t.Helper()
	activities, groups := readTruth(t, dir)
	c.eventually(t, "SELECT toString(count()) FROM activities", strconv.Itoa(len(activities)))
	c.settles(t, blackbox.ActivityFacts, activities)
	c.settles(t, blackbox.GroupFacts, groups)
	c.classifiesErrors(t, dir)
	c.nothingDouble(t)
}

// classifiesErrors checks the category of every error.
func (c *collector) classifiesErrors(t *testing.T, dir string) {
	t.Helper()
	known, err := truth.Read(dir)
	require.NoError(t, err)
	// The newest row of an activity may come after the facts have settled: what it adds,
	// such as a ticket, is not among them.
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		rows, err := c.query("SELECT activity_id, error_category FROM activities")
		require.NoError(t, err)
		for _, row := range rows {
			a := known.Activities[row[0]]
			switch {
			case row[1] == "":
				require.Empty(t, a.ErrorCategories, "%+v", a)
			case a.Status == "Pending" && row[1] == string(errorclass.ManualWork): // the search index calls all that waits a manual task
			default:
				require.Contains(t, a.ErrorCategories, row[1], "%+v", a)
			}
		}
	}, time.Minute, 200*time.Millisecond)
}

// settles waits until the query's facts are the wanted ones, and names the ids
// that differ if they never are.
func (c *collector) settles(t *testing.T, query string, want blackbox.Facts) {
	t.Helper()
	var diff []blackbox.Difference
	var failed error
	ok := eventually(func() bool {
		rows, err := c.query(query)
		if failed = err; err != nil {
			return false
		}
		diff = blackbox.Compare(want, rows)
		return len(diff) == 0
	})
	require.True(t, ok, "%d of %d facts differ (%v), the first:\n%v", len(diff), len(want), failed, diff[:min(len(diff), 5)])
}

// nothingDouble checks that every record stands once, that the archive has the same
// observations as ClickHouse, and that both know the same newest states. An observation that
// was emitted again after a loss has its highest version in both. (A state
// record has the state after a batch; a batch that a crash cut in two may reach the
// store that had not got it yet in other batches.)
func (c *collector) nothingDouble(t *testing.T) {
	t.Helper()
	c.eventually(t, "SELECT toString(count() - uniqExact(event_id)) FROM provisioning_observations FINAL", "0")

	c.agree(t, "SELECT event_id, argMax(concatWithSeparator('|', group_id, reported_status, operation, cause, raw_cause, approval_status, requested_item_name, requested_item_type, requester_comment, reviewer_comment, client_metadata, warnings, original), version) FROM %s WHERE record_type = 'observation' GROUP BY event_id")
	c.agree(t, "SELECT activity_id, argMax(concatWithSeparator('|', status, outcome, operation, cause, approval_status, toString(state_seq), folded_into), version) FROM %s WHERE current GROUP BY activity_id")
}

// agree waits until ClickHouse and the archive give the same facts. Both are asked
// again each time: an observation that changes no status may still be on its way.
func (c *collector) agree(t *testing.T, query string) {
	t.Helper()
	var diff []blackbox.Difference
	var failed error
	ok := eventually(func() bool {
		stored, err := c.query(strings.ReplaceAll(query, "%s", "(SELECT * FROM provisioning_observations FINAL)"))
		if failed = err; err != nil {
			return false
		}
		archived, err := c.queryArchive(t, query)
		if failed = err; err != nil {
			return false
		}
		want := blackbox.Facts{}
		for _, row := range stored {
			want[row[0]] = row[1]
		}
		diff = blackbox.Compare(want, archived)
		return len(want) > 0 && len(diff) == 0
	})
	require.True(t, ok, "ClickHouse (want) and the archive (have) differ in %d (%v), the first:\n%v", len(diff), failed, diff[:min(len(diff), 5)])
}

// transitionsAreThoseOfTheStates checks that each activity is counted once in each status that
// its newest state has entered, in that hour, and no other activity is.
func (c *collector) transitionsAreThoseOfTheStates(t *testing.T) {
	t.Helper()
	c.eventually(t, `SELECT toString(count()) FROM (
		SELECT group_number, activity, status, hour, sum(n) AS n FROM (
			SELECT group_number, activity, status, hour, toInt8(1) AS n FROM transitions
			UNION ALL
			SELECT group_number, toUInt32(activity), entered.1, toStartOfHour(assumeNotNull(entered.2)), -1 FROM activities
			ARRAY JOIN arrayFilter(e -> isNotNull(e.2), [('Pending', first_pending_at), ('Retrying', first_retrying_at),
				('Failed', first_failed_at), ('Committed', committed_at), ('Success', finished_at), ('Not Verifiable', first_not_verifiable_at)]) AS entered)
		GROUP BY ALL HAVING n != 0)`, "0")
}
