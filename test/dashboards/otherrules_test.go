package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// The Prometheus and Loki rules have a runbook each, and the metrics they and the
// Pipeline dashboard ask for are ones that a component documents.
func TestPrometheusAndLokiRules(t *testing.T) {
	for _, file := range []string{"prometheus/provtrail.yaml", "loki/provtrail.yaml"} {
		conf, err := confmaptest.LoadConf(filepath.Join(folder, file))
		require.NoError(t, err)
		text, err := json.Marshal(conf.ToStringMap())
		require.NoError(t, err)
		var content struct {
			Groups []struct {
				Rules []struct {
					Alert, Expr         string
					Labels, Annotations map[string]string
				}
			}
		}
		require.NoError(t, json.Unmarshal(text, &content))
		n := 0
		for _, g := range content.Groups {
			for _, r := range g.Rules {
				assertMetrics(t, r.Expr)
				if r.Alert == "" {
					continue
				}
				n++
				assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
				assert.Contains(t, []string{"critical", "warning"}, r.Labels["severity"], r.Alert)
				assert.FileExists(t, filepath.Join("../../docs/runbooks", filepath.Base(r.Annotations["runbook_url"])), r.Alert)
				if strings.HasPrefix(file, "loki") {
					assert.Contains(t, r.Expr, `service_name="provtrail"`, r.Alert)
				}
			}
		}
		assert.Greater(t, n, 5, file)
	}
	for _, b := range boards(t) {
		for _, p := range b.all() {
			for _, q := range p.Targets {
				assertMetrics(t, q.Expr)
			}
		}
	}
}

// ofTheCollector are the Collector's own metrics, documented there.
var ofTheCollector = regexp.MustCompile(`^otelcol_(process_uptime|exporter_(queue_size|queue_capacity|(sent|send_failed|enqueue_failed)_log_records))$`)

func assertMetrics(t *testing.T, expr string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`otelcol_\w+`).FindAllString(expr, -1) {
		if ofTheCollector.MatchString(name) {
			continue
		}
		documented := strings.TrimSuffix(name, "_bucket")
		assert.Contains(t, documentation(t), "### "+documented+"\n", "no component documents %s", name)
	}
}

func documentation(t *testing.T) string {
	files, err := filepath.Glob("../../*/*/documentation.md")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}
