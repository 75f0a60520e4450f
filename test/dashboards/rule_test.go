package dashboards

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// rule is an alert rule as provisioned.
type rule struct {
	UID, Title, Condition, For, NoDataState, ExecErrState string
	Labels, Annotations                                   map[string]string
	Data                                                  []struct {
		RefID             string
		DatasourceUID     string
		RelativeTimeRange struct{ From, To int }
		Model             struct {
			RawSQL     string `json:"rawSql"`
			Format     int
			Type       string
			Expression string
			Conditions []struct {
				Evaluator struct {
					Type   string
					Params []float64
				}
			}
		}
	}
}

const (
	alertFile = folder + "/alerting/provtrail.yaml"
	interval  = 5 * time.Minute
)

func rules(t testing.TB) map[string]*rule {
	t.Helper()
	conf, err := confmaptest.LoadConf(alertFile)
	require.NoError(t, err)
	text, err := json.Marshal(conf.ToStringMap())
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name, Folder, Interval string
			Rules                  []*rule
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Groups, 1)
	require.Equal(t, interval.String(), file.Groups[0].Interval+"0s")
	out := map[string]*rule{}
	for _, r := range file.Groups[0].Rules {
		assert.NotContains(t, out, r.UID)
		out[r.UID] = r
	}
	return out
}

// query is the rule's SQL as Grafana reads it from the file.
func (r *rule) query() string { return strings.ReplaceAll(r.Data[0].Model.RawSQL, "$$", "$") }

func TestAlertRules(t *testing.T) {
	panels := map[string]map[string]bool{}
	for _, b := range boards(t) {
		panels[b.UID] = map[string]bool{}
		for _, p := range b.all() {
			text, err := json.Marshal(p.ID)
			require.NoError(t, err)
			panels[b.UID][string(text)] = true
		}
	}
	for uid, r := range rules(t) {
		t.Run(uid, func(t *testing.T) {
			assert.NotEmpty(t, r.Title)
			assert.LessOrEqual(t, len(r.UID), 40, "Grafana's limit")
			assert.Equal(t, "C", r.Condition)
			assert.Equal(t, "OK", r.NoDataState)
			assert.Equal(t, "Error", r.ExecErrState)
			assert.Contains(t, []string{"critical", "warning"}, r.Labels["severity"])
			assert.NotEmpty(t, r.Annotations["summary"])
			assert.NotEmpty(t, r.Annotations["description"])
			require.Len(t, r.Data, 2)
			assert.Equal(t, "provtrail-clickhouse", r.Data[0].DatasourceUID)
			assert.Equal(t, 1, r.Data[0].Model.Format)
			assert.Positive(t, r.Data[0].RelativeTimeRange.From)
			assert.Regexp(t, `\$__(fromTime|toTime|timeFilter)`, r.query(), "bounded by time")
			for _, text := range []string{r.Data[0].Model.RawSQL, r.Annotations["summary"], r.Annotations["description"]} {
				assert.NotContains(t, strings.ReplaceAll(text, "$$", ""), "$", "every $ is written $$")
			}
			assert.NotContains(t, r.query(), "--", "the plugin reads a quote in a comment as one in SQL")
			assert.Equal(t, "threshold", r.Data[1].Model.Type)
			assert.Equal(t, "A", r.Data[1].Model.Expression)
			assert.Equal(t, []float64{0}, r.Data[1].Model.Conditions[0].Evaluator.Params)

			runbook := filepath.Join("../../docs/runbooks", strings.TrimPrefix(uid, "provtrail-")+".md")
			assert.FileExists(t, runbook)
			assert.True(t, strings.HasSuffix(r.Annotations["runbook_url"], "/docs/runbooks/"+filepath.Base(runbook)))
			assert.True(t, panels[r.Annotations["__dashboardUid__"]][r.Annotations["__panelId__"]], "the panel is there")
		})
	}
}

// evaluate runs the rule at a time, as Grafana would, and returns the sets of labels
// that fire.
func (r *rule) evaluate(t testing.TB, s *store, at time.Time) []string {
	t.Helper()
	window := time.Duration(r.Data[0].RelativeTimeRange.From) * time.Second
	sc := scope{from: at.Add(-window), to: at, interval: time.Minute}
	got := s.query(t, sc.expand(t, r.query()))
	values, labels := -1, []int{}
	for i, typ := range got.types {
		if numeric.MatchString(typ) {
			require.Negative(t, values, "%s: an alert has one number", r.UID)
			values = i
		} else {
			require.Contains(t, typ, "String", "%s: column %s", r.UID, got.names[i])
			labels = append(labels, i)
		}
	}
	require.Less(t, len(got.rows), 1000, "the plugin cuts an answer at its row limit")
	var firing []string
	for _, row := range got.rows {
		if number(t, row[values]) > 0 {
			words := make([]string, len(labels))
			for i, at := range labels {
				words[i] = row[at].(string)
			}
			firing = append(firing, strings.Join(words, "/"))
		}
	}
	return firing
}
