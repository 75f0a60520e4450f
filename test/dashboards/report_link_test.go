package dashboards

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/report"
)

// The link CSV report carries the range and every filter of its dashboard, and the
// report restricts by each.
func TestReportLinksCarryEveryFilter(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	n := 0
	for _, b := range boards(t) {
		for _, l := range b.Links {
			if l.Title != "CSV report" {
				continue
			}
			n++
			address := strings.NewReplacer("${report}", "http://127.0.0.1:8480", "${__from:date:iso}", "2026-03-07T12:00:00Z", "${__to:date:iso}", "2026-03-14T12:00:00Z").Replace(l.URL)
			for _, v := range b.Templating.List {
				if v.Type == "datasource" || v.Type == "constant" {
					continue
				}
				value := map[string]string{"status": "Failed", "flag": "odd", "kind": "deprovisioning"}[v.Name]
				if value == "" {
					value = "a chosen " + v.Name
				}
				filled := strings.NewReplacer(
					"${"+v.Name+":queryparam}", "var-"+v.Name+"="+url.QueryEscape(value), "${"+v.Name+":percentencode}", url.QueryEscape(value)).Replace(address)
				if assert.NotEqual(t, address, filled, "%s: the link leaves out %s", b.Title, v.Name) {
					assertRestricts(t, filled, value, now)
				}
			}
		}
	}
	assert.Equal(t, 3, n)
}

// assertRestricts says that the report would be restricted by the one filled variable.
func assertRestricts(t *testing.T, address, value string, now time.Time) {
	u, err := url.Parse(strings.NewReplacer("${", "", ":queryparam}", "=", ":percentencode}", "").Replace(address))
	require.NoError(t, err)
	query := u.Query()
	for name, values := range query { // those that were not filled stand at All
		if values[0] == "" || !strings.Contains(values[0], value) && name != "from" && name != "to" {
			query.Del(name)
		}
	}
	f, err := report.ParseFilter(query, now)
	require.NoError(t, err, address)
	all, err := report.ParseFilter(url.Values{"from": query["from"], "to": query["to"]}, now)
	require.NoError(t, err)
	assert.NotEqual(t, all, f, "the report does not know %s", address)
	assert.Equal(t, now.Add(-7*24*time.Hour), f.From)
}
