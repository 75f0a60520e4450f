package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

var numeric = regexp.MustCompile(`^(Nullable\()?(U?Int|Float|Decimal|Bool)`)

// week is seven simulated days up to now, in a store.
func week(t testing.TB) (*store, *history, scope) {
	to := monday.Add(10*time.Hour + 30*time.Minute)
	from := to.Add(-7 * 24 * time.Hour)
	s := newStore(t)
	h := simulate(from.Add(time.Hour), to, 500)
	s.write(t, h.logs())
	s.write(t, quarantined(3, to.Add(-time.Hour)))
	return s, h, scope{from: from, to: to, interval: time.Hour}
}

// choose gives a dashboard's variables the values of one selection.
func (b *board) choose(chosen map[string][]string) map[string][]string {
	vars := map[string][]string{}
	for _, v := range b.Templating.List {
		switch v.Type {
		case "query", "custom":
			vars[v.Name] = []string{"$__all"}
		default:
			vars[v.Name] = []string{""}
		}
		if values, ok := chosen[v.Name]; ok {
			vars[v.Name] = values
		}
	}
	return vars
}

// TestOverAWeek asks one simulated week everything that the dashboards and the
// documents ask.
func TestOverAWeek(t *testing.T) {
	s, h, sc := week(t)
	t.Run("every query runs", func(t *testing.T) { testEveryQueryRuns(t, s, h, sc) })
	t.Run("numbers are true", func(t *testing.T) { testNumbersAreTrue(t, s, h, sc) })
	t.Run("worked examples", func(t *testing.T) { testWorkedExamples(t, s, h, sc) })
	// It is in the sort key of the activities: one of another operation would not be replaced.
	t.Run("an activity has one operation", func(t *testing.T) {
		require.Empty(t, s.query(t, "SELECT activity_id FROM observations GROUP BY activity_id HAVING uniqExact(operation) > 1").rows)
	})
}

func testEveryQueryRuns(t *testing.T, s *store, h *history, sc scope) {
	failed := find(t, h, provisioning.StatusFailed)
	stored := s.tableRows(t)
	selections := map[string]map[string][]string{
		"all": {},
		"one of each": {
			"tenant": {tenantName}, "source": {failed.SourceName}, "kind": {string(failed.Kind)}, "operation": {string(failed.Key.Operation)},
			"cause": {failed.Cause}, "status": {"Failed"}, "flag": {"stalled", "overdue", "odd", "retried"},
			"identity": {failed.IdentityID}, "group": {failed.Key.GroupID}, "activity": {failed.ID.String()}, "search": {"a"},
		},
		"hostile": {
			"tenant": {"a'b"}, "source": {"x', 'y"}, "identity": {`\' OR 1=1 --`}, "group": {"' OR '1'='1"}, "search": {`%27)) --\`},
		},
	}
	for _, b := range boards(t) {
		for name, chosen := range selections {
			for _, interval := range []time.Duration{time.Minute, 3 * time.Hour} {
				sc := sc
				sc.interval, sc.vars, sc.typed = interval, b.choose(chosen), b.typed()
				if interval == time.Minute {
					if name != "all" {
						continue
					}
					sc.from = sc.to.Add(-24 * time.Hour)
				}
				for _, v := range b.Templating.List {
					if v.Type == "query" {
						assertVariable(t, v, s.query(t, sc.expand(t, v.sql(t))), name)
					}
				}
				for _, p := range b.all() {
					for _, q := range p.Targets {
						if q.Datasource.Type != "grafana-clickhouse-datasource" {
							continue
						}
						r := s.query(t, sc.expand(t, q.RawSQL))
						assertShape(t, b, p, q, r)
						assert.LessOrEqual(t, r.read, budget(t, q.RawSQL, stored), "%s / %s reads too much", b.Title, p.Title)
						if name == "hostile" && strings.Contains(q.RawSQL, "_text") {
							assert.Zero(t, sumOf(t, r), "%s / %s: a hostile value found something", b.Title, p.Title)
						}
					}
				}
			}
		}
	}
}

// sumOf counts the rows of a table, or adds up the only row of a count.
func sumOf(t testing.TB, r *result) float64 {
	if len(r.rows) == 1 && numeric.MatchString(r.types[0]) {
		return number(t, r.rows[0][0])
	}
	return float64(len(r.rows))
}

func assertVariable(t *testing.T, v *variable, r *result, selection string) {
	assert.NotEmpty(t, r.names)
	if selection == "all" && v.Name != "activity" {
		assert.NotEmpty(t, r.rows, "variable %s has values", v.Name)
	}
}

// assertShape says whether Grafana can draw it: a time series has its time and a
// number, a long one is split by one text column that names the legend.
func assertShape(t *testing.T, b *board, p *panel, q *target, r *result) {
	where := fmt.Sprintf("%s / %s", b.Title, p.Title)
	seen := map[string]bool{}
	for _, n := range r.names {
		assert.False(t, seen[n], "%s: two columns %s", where, n)
		seen[n] = true
	}
	for i, typ := range r.types {
		assert.NotRegexp(t, `Array|Tuple|Map|Variant|Dynamic|JSON`, typ, "%s: Grafana cannot show column %s", where, r.names[i])
	}
	numbers, texts := 0, []string{}
	for i, typ := range r.types {
		switch {
		case numeric.MatchString(typ):
			numbers++
		case strings.Contains(typ, "String"):
			texts = append(texts, r.names[i])
		}
	}
	if q.Format == 1 {
		return
	}
	require.GreaterOrEqual(t, r.column("time"), 0, where)
	assert.Contains(t, r.types[r.column("time")], "DateTime", where)
	assert.Positive(t, numbers, where)
	assert.LessOrEqual(t, len(texts), 1, where)
	for _, name := range texts {
		assert.Equal(t, "${__field.labels."+name+"}", p.FieldConfig.Defaults.DisplayName, "%s: legend of a long series", where)
	}
}

func find(t testing.TB, h *history, status provisioning.Status) *provisioning.Activity {
	for i := range h.activities {
		if a := &h.activities[i]; a.Status == status && a.Key.Attribute != "" {
			return a
		}
	}
	require.Fail(t, "no activity is "+status.String())
	return nil
}
