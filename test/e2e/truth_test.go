package e2e

import (
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// facts maps an id to what must be known of it, as one comparable text.
type facts map[string]string

func readTruth(t *testing.T, dir string) (activities, groups facts) {
	t.Helper()
	activities, groups = facts{}, facts{}
	known, err := truth.Read(dir)
	require.NoError(t, err)
	for _, a := range known.Activities {
		activities[a.ActivityID] = strings.Join([]string{
			a.GroupID, strconv.FormatInt(a.GroupNumber, 10), a.Status, a.Kind, a.Operation, a.Cause,
			strconv.Itoa(a.Attempts), a.FailedOn, a.AttributeName, a.AttributeValue, strings.ToLower(a.AccountID), a.IdentityID,
		}, "|")
	}
	for _, g := range known.Groups {
		groups[g.GroupID] = strings.Join([]string{
			strconv.FormatInt(g.GroupNumber, 10), g.GroupStatus, strconv.Itoa(g.Activities), strings.Join(g.Sources, ","),
		}, "|")
	}
	require.NotEmpty(t, activities)
	require.NotEmpty(t, groups)
	return activities, groups
}

const activityFacts = `SELECT activity_id, concatWithSeparator('|', group_id, toString(group_number), status, kind, operation, cause,
	toString(attempts), failed_on, attribute_name, attribute_value, lower(account_id), identity_id)
	FROM provisioning_activities FINAL`

const groupFacts = `SELECT group_id, concatWithSeparator('|', toString(group_number), group_status, toString(activities),
	arrayStringConcat(sources, ',')) FROM provisioning_groups FINAL`

// matchesTruth checks both tables against the ground truth, by id and value.
func (c *collector) matchesTruth(t *testing.T, dir string) {
	t.Helper()
	activities, groups := readTruth(t, dir)
	c.eventually(t, "SELECT toString(count()) FROM provisioning_activities FINAL", strconv.Itoa(len(activities)))
	c.settles(t, activityFacts, activities)
	c.settles(t, groupFacts, groups)
	c.nothingDouble(t)
}

// settles waits until the query's facts are the wanted ones, and names the ids
// that differ if they never are.
func (c *collector) settles(t *testing.T, query string, want facts) {
	t.Helper()
	var diff []string
	ok := eventually(func() bool {
		rows, err := c.query(query)
		if err != nil {
			diff = []string{err.Error()}
			return false
		}
		diff = difference(want, rows)
		return len(diff) == 0
	})
	require.True(t, ok, "%d of %d facts differ, the first:\n%s", len(diff), len(want), strings.Join(diff[:min(len(diff), 5)], "\n"))
}

func difference(want facts, rows [][]string) (diff []string) {
	have := make(facts, len(rows))
	for _, row := range rows {
		if _, twice := have[row[0]]; twice {
			diff = append(diff, row[0]+" is there twice")
		}
		have[row[0]] = row[1]
	}
	for id, w := range want {
		if h, ok := have[id]; !ok {
			diff = append(diff, id+" is lost\n  want "+w)
		} else if h != w {
			diff = append(diff, id+" differs\n  want "+w+"\n  have "+h)
		}
	}
	for id, h := range have {
		if _, ok := want[id]; !ok {
			diff = append(diff, id+" is not in the truth\n  have "+h)
		}
	}
	sort.Strings(diff)
	return diff
}

// nothingDouble checks that every record stands once, that the archive has the same
// observations as ClickHouse, and that both know the same newest states. (A state
// record tells the state after a batch; a batch that a crash cut in two may be told
// in other batches to the store that had not got it yet.)
func (c *collector) nothingDouble(t *testing.T) {
	t.Helper()
	c.eventually(t, "SELECT toString(count() - uniqExact(event_id)) FROM provisioning_observations FINAL", "0")

	c.agree(t, "SELECT event_id, any(concatWithSeparator('|', group_id, observed_status, operation, original)) FROM %s WHERE record = 'observation' GROUP BY event_id")
	c.agree(t, "SELECT activity_id, argMax(concatWithSeparator('|', status, toString(state_seq), folded_into), version) FROM %s WHERE current GROUP BY activity_id")
}

// agree waits until ClickHouse and the archive give the same facts. Both are asked
// again each time: an observation that changes no status may still be on its way.
func (c *collector) agree(t *testing.T, query string) {
	t.Helper()
	var diff []string
	ok := eventually(func() bool {
		stored, err := c.query(strings.ReplaceAll(query, "%s", "(SELECT * FROM provisioning_observations FINAL)"))
		if err != nil {
			diff = []string{err.Error()}
			return false
		}
		archived, err := c.query(c.archiveRows(query))
		if err != nil {
			diff = []string{err.Error()}
			return false
		}
		want := facts{}
		for _, row := range stored {
			want[row[0]] = row[1]
		}
		diff = difference(want, archived)
		return len(want) > 0 && len(diff) == 0
	})
	require.True(t, ok, "ClickHouse (want) and the archive (have) differ in %d, the first:\n%s", len(diff), strings.Join(diff[:min(len(diff), 5)], "\n"))
}

// archiveRows puts the Parquet files, read by ClickHouse itself, into a query.
func (c *collector) archiveRows(query string) string {
	return strings.ReplaceAll(query, "%s", "file('"+c.path("archive", "tenant=*", "date=*", "hour=*", "*.parquet")+"', 'Parquet')")
}
