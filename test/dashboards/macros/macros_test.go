package macros

import (
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/provtrail/provtrail/internal/panels"
)

const dashboards = "../../../dashboards"

// ofThePlugin are the macros that the ClickHouse plugin 4.20 adds to those of the library.
var ofThePlugin = sqlutil.Macros{
	"fromTime": func(q *sqlutil.Query, _ []string) (string, error) { return dateTime(q.TimeRange.From), nil },
	"toTime":   func(q *sqlutil.Query, _ []string) (string, error) { return dateTime(q.TimeRange.To), nil },
	"timeFilter": one(func(q *sqlutil.Query, column string) string {
		return fmt.Sprintf("%s >= %s AND %s <= %s", column, dateTime(q.TimeRange.From), column, dateTime(q.TimeRange.To))
	}),
	"timeInterval": one(func(q *sqlutil.Query, column string) string {
		return fmt.Sprintf("toStartOfInterval(toDateTime(%s), INTERVAL %d second)", column, seconds(q))
	}),
	"interval_s": func(q *sqlutil.Query, _ []string) (string, error) { return fmt.Sprint(seconds(q)), nil },
}

func dateTime(t time.Time) string { return fmt.Sprintf("toDateTime(%d)", t.Unix()) }

func seconds(q *sqlutil.Query) int { return int(max(q.Interval.Seconds(), 1)) }

func one(macro func(*sqlutil.Query, string) string) sqlutil.MacroFunc {
	return func(q *sqlutil.Query, args []string) (string, error) {
		if len(args) != 1 {
			return "", sqlutil.ErrorBadArgumentCount
		}
		return macro(q, args[0]), nil
	}
}

var (
	from = time.Date(2026, 4, 13, 10, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 4, 20, 10, 0, 0, 0, time.UTC)
)

// expand is what the plugin makes of a query.
func expand(t *testing.T, sql string, interval time.Duration) string {
	t.Helper()
	q := &sqlutil.Query{RawSQL: sql, Interval: interval, TimeRange: backend.TimeRange{From: from, To: to}}
	out, err := sqlutil.Interpolate(q, ofThePlugin)
	require.NoError(t, err, sql)
	return out
}

// What the tests run on ClickHouse is what Grafana sends: panels.Scope expands every
// shipped query as the plugin does.
func TestPanelsExpandAsThePluginDoes(t *testing.T) {
	boards, err := panels.Read(dashboards)
	require.NoError(t, err)
	for _, b := range boards {
		chosen := b.All()
		for _, vars := range []map[string][]string{b.All(), choose(chosen)} {
			for _, q := range b.Asked() {
				scope := panels.Scope{From: from, To: to, Interval: q.Interval(b.Range), Vars: vars, Typed: b.Typed()}
				ours, err := scope.Expand(q.SQL)
				require.NoError(t, err, "%s / %s", b.Title, q.Panel)
				substituted, err := scope.Substitute(q.SQL)
				require.NoError(t, err)
				assert.Equal(t, expand(t, substituted, scope.Interval), ours, "%s / %s", b.Title, q.Panel)
			}
		}
	}
}

// choose puts a hostile value into each variable.
func choose(all map[string][]string) map[string][]string {
	out := maps.Clone(all)
	for name := range out {
		out[name] = []string{`$__toTime(a, 'b') \`}
	}
	return out
}

// Grafana hands an alert's query to the plugin as it stands in the file.
func TestAlertsExpandAsThePluginDoes(t *testing.T) {
	text, err := os.ReadFile(dashboards + "/alerting/provtrail.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []struct {
				UID  string `yaml:"uid"`
				Data []struct {
					Model struct {
						RawSQL string `yaml:"rawSql"`
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	n := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			sql := r.Data[0].Model.RawSQL
			require.NotEmpty(t, sql, r.UID)
			n++
			ours, err := (&panels.Scope{From: from, To: to, Interval: time.Minute}).Expand(sql)
			require.NoError(t, err, r.UID)
			assert.Equal(t, expand(t, sql, time.Minute), ours, r.UID)
			assert.NotContains(t, ours, "$", r.UID)
		}
	}
	assert.GreaterOrEqual(t, n, 7)
}
