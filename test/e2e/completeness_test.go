package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/simulate/api"
)

// indexFeeds are the feeds by the vendor's index that each reads.
var indexFeeds = map[string]string{"account-activities": "rest", "accountactivities": "search", "events": "events"}

// vendorCounts are the documents that the vendor has, and those that it shows, by feed and
// hour.
func vendorCounts(t *testing.T, endpoint string) map[string]api.Count {
	t.Helper()
	response, err := http.Get(endpoint + "/_control/counts")
	require.NoError(t, err)
	defer response.Body.Close()
	var list []api.Count
	require.NoError(t, json.NewDecoder(response.Body).Decode(&list))
	out := map[string]api.Count{}
	for _, c := range list {
		at, err := time.Parse(time.RFC3339, c.Hour)
		require.NoError(t, err)
		out[indexFeeds[c.Index]+" "+at.UTC().Format("2006-01-02 15:04:05")] = c
	}
	return out
}

// TestCompletenessEqualsTheTruth: the vendor never shows some documents. What ClickHouse and the
// sealed archive say of each hour is what the vendor knows, and a document that is removed from
// ClickHouse by hand is missing there.
func TestCompletenessEqualsTheTruth(t *testing.T) {
	c := newCollector(t)
	endpoint := c.vendor(t, "--days", "1", "--groups-per-day", "60", "--late", "0", "--seed", "14", "--fault", "never_shown=0.08")
	c.env["PROVTRAIL_SAILPOINT_ENDPOINT"] = endpoint
	c.env["PROVTRAIL_SAILPOINT_CLIENT_ID"] = "e2e"
	c.env["PROVTRAIL_SAILPOINT_CLIENT_SECRET"] = "secret"
	c.start(t, "--config", "collector-config.yaml", "--config", "sailpoint-config.yaml", "--config", "yaml:receivers::provisioning::reconcile::budget_share: 1")
	c.healthy(t)

	const hours = "SELECT concat(feed, ' ', toString(hour)), toString(vendor_count), toString(missing), toString(complete) FROM completeness ORDER BY feed, hour"
	var differs string
	ok := eventually(func() bool {
		truth := vendorCounts(t, endpoint)
		rows, err := c.query(hours)
		if err != nil {
			differs = err.Error()
			return false
		}
		stated, short := map[string]bool{}, 0
		for _, row := range rows {
			of := truth[row[0]]
			want := []string{row[0], fmt.Sprint(of.Documents), fmt.Sprint(of.Documents - of.Shown), fmt.Sprint(of.Documents == of.Shown)}
			if fmt.Sprint(want) != fmt.Sprint(row) {
				differs = fmt.Sprintf("is %v, want %v", row, want)
				return false
			}
			stated[row[0]] = true
			if of.Documents > of.Shown {
				short++
			}
		}
		// The hours of a day but for those at its ends.
		for name := range truth {
			at, err := time.Parse("2006-01-02 15:04:05", name[len(name)-19:])
			require.NoError(t, err)
			if age := time.Since(at); age > 2*time.Hour && age < 22*time.Hour && !stated[name] {
				differs = name + " has no statement"
				return false
			}
		}
		differs = "no hour is short"
		return short > 0
	})
	require.True(t, ok, differs)
	feeds := c.mustQuery(t, "SELECT feed, toString(complete_until) FROM complete_until ORDER BY feed")
	require.Len(t, feeds, 3)
	for _, feed := range feeds {
		want := c.mustQuery(t, fmt.Sprintf("SELECT toString(if(min(hour) = (SELECT min(hour) FROM completeness WHERE feed = '%[1]s'), NULL, min(hour))) FROM completeness WHERE feed = '%[1]s' AND NOT complete HAVING count() > 0", feed[0]))
		if len(want) > 0 {
			require.Equal(t, want[0][0], feed[1], feed[0])
		}
	}
	stored := c.mustQuery(t, hours)

	// A document of a complete hour is removed by hand. (Several events may have one id.)
	victim := c.mustQuery(t, "SELECT feed, toString(toStartOfHour(assumeNotNull(vendor_created_at))), vendor_id FROM provisioning_observations WHERE (feed, toStartOfHour(assumeNotNull(vendor_created_at))) IN (SELECT feed, hour FROM completeness WHERE complete AND stored > 0 AND feed != 'events') AND vendor_created_at > 0 LIMIT 1")[0]
	password, err := os.ReadFile(c.path("clickhouse", "password"))
	require.NoError(t, err)
	writer := clickhouse.OpenDB(&clickhouse.Options{
		Addr: []string{c.env["PROVTRAIL_CLICKHOUSE_NATIVE"]}, Auth: clickhouse.Auth{Database: "provtrail", Username: "provtrail", Password: strings.TrimSpace(string(password))},
	})
	_, err = writer.ExecContext(t.Context(), "ALTER TABLE provisioning_observations DELETE WHERE feed = '"+victim[0]+"' AND vendor_id = '"+victim[2]+"' SETTINGS mutations_sync = 2")
	require.NoError(t, errors.Join(err, writer.Close()))
	require.Equal(t, [][]string{{"1", "false"}}, c.mustQuery(t, "SELECT toString(missing), toString(complete) FROM completeness WHERE feed = '"+victim[0]+"' AND hour = '"+victim[1]+"'"))

	// The archive still has it.
	c.stop(t)
	later := func() time.Time { return time.Now().Add(3 * time.Hour) }
	a, err := archive.Open(t.Context(), c.path("archive"), archive.Options{KeyFile: c.path("archive-signing-key.pem"), Now: later})
	require.NoError(t, err)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	var v archive.Verification
	require.NoError(t, json.Unmarshal([]byte(c.run(t, "verify", c.path("archive"), "--json")), &v))
	incomplete := map[string]string{}
	for _, h := range v.Completeness.Incomplete {
		incomplete[h.Feed+" "+h.Hour.Start().Format("2006-01-02 15:04:05")] = fmt.Sprint(h.Missing)
	}
	want := map[string]string{}
	for _, row := range stored {
		if row[3] == "false" {
			want[row[0]] = row[2]
		}
	}
	require.Equal(t, want, incomplete)
}
