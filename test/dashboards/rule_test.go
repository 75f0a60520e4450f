package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

const (
	alertFile = folder + "/alerting/provtrail.yaml"
	interval  = 5 * time.Minute
)

// rule is an alert rule as Grafana reads it: what is interpolated has the type
// interpolated, the rest is taken as it stands in the file.
type rule struct {
	UID         interpolated            `yaml:"uid"`
	Title       interpolated            `yaml:"title"`
	Condition   interpolated            `yaml:"condition"`
	For         interpolated            `yaml:"for"`
	NoData      interpolated            `yaml:"noDataState"`
	ExecErr     interpolated            `yaml:"execErrState"`
	Labels      map[string]interpolated `yaml:"labels"`
	Annotations map[string]string       `yaml:"annotations"`
	Data        []struct {
		RefID             interpolated           `yaml:"refId"`
		DatasourceUID     interpolated           `yaml:"datasourceUid"`
		RelativeTimeRange struct{ From, To int } `yaml:"relativeTimeRange"`
		Model             struct {
			RawSQL     string `yaml:"rawSql"`
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

// interpolated is a text in which Grafana reads $NAME as an environment variable and
// $$ as a dollar.
type interpolated string

func (s *interpolated) UnmarshalYAML(node *yaml.Node) error {
	parts := strings.Split(node.Value, "$$")
	for i := range parts {
		parts[i] = os.ExpandEnv(parts[i])
	}
	*s = interpolated(strings.Join(parts, "$"))
	return nil
}

// alerts is an alert file.
type alerts struct {
	Groups []struct {
		Name, Folder, Interval interpolated
		Rules                  []*rule
	}
}

func readAlerts(text []byte) (file alerts, err error) {
	err = yaml.Unmarshal(text, &file)
	return file, err
}

func rules(t testing.TB) map[string]*rule {
	t.Helper()
	text, err := os.ReadFile(alertFile)
	require.NoError(t, err)
	file, err := readAlerts(text)
	require.NoError(t, err)
	require.Len(t, file.Groups, 1)
	require.EqualValues(t, "5m", file.Groups[0].Interval)
	out := map[string]*rule{}
	for _, r := range file.Groups[0].Rules {
		assert.NotContains(t, out, string(r.UID))
		out[string(r.UID)] = r
	}
	return out
}

// query is the rule's SQL as Grafana sends it to the plugin.
func (r *rule) query() string { return r.Data[0].Model.RawSQL }

// message is an annotation as Grafana writes it for an alert with these labels.
func (r *rule) message(t testing.TB, annotation string, labels map[string]string, value float64) string {
	t.Helper()
	const definitions = "{{ $labels := .Labels }}{{ $values := .Values }}"
	functions := template.FuncMap{"humanizeDuration": func(seconds float64) string {
		return (time.Duration(seconds) * time.Second).String()
	}}
	parsed, err := template.New(annotation).Funcs(functions).Option("missingkey=error").Parse(definitions + r.Annotations[annotation])
	require.NoError(t, err, "%s: %s", r.UID, annotation)
	type measured struct{ Value float64 }
	var out strings.Builder
	require.NoError(t, parsed.Execute(&out, map[string]any{"Labels": labels, "Values": map[string]measured{"A": {value}}}), "%s: %s", r.UID, annotation)
	return out.String()
}

// causes are the categories of errors that have an alert of their own.
var causes = map[string]errorclass.Category{
	"provtrail-credentials-failed": errorclass.AuthFailed, "provtrail-source-unreachable": errorclass.ConnectionFailed, "provtrail-licences-used-up": errorclass.LicenseOrQuota,
}

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
			assert.EqualValues(t, "C", r.Condition)
			assert.EqualValues(t, "OK", r.NoData)
			assert.EqualValues(t, "Error", r.ExecErr)
			assert.Contains(t, []interpolated{"critical", "warning"}, r.Labels["severity"])
			labels := map[string]string{"tenant": "acme", "source": "SAP ERP", "feed": "rest", "word": "LIMBO"}
			for _, annotation := range []string{"summary", "description"} {
				assert.NotContains(t, r.message(t, annotation, labels, 12), "$", annotation)
			}
			if category, ofACause := causes[uid]; ofACause {
				info, known := category.Info()
				require.True(t, known)
				assert.Contains(t, r.message(t, "description", labels, 12), "Next: "+info.Action+" Who acts: "+info.Actor+".")
			}
			require.Len(t, r.Data, 2)
			assert.EqualValues(t, "provtrail-clickhouse", r.Data[0].DatasourceUID)
			assert.Equal(t, 1, r.Data[0].Model.Format)
			assert.Positive(t, r.Data[0].RelativeTimeRange.From)
			assert.Regexp(t, `\$__(fromTime|toTime|timeFilter)`, r.query(), "bounded by time")
			assert.NotContains(t, r.query(), "$$", "Grafana takes a model as it stands")
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
