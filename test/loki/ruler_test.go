package loki

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

// hurried is by how much the ruler's time is sped up: its five minutes are 833 ms here.
const hurried = 360

// Loki's own ruler loads the rules, with every span of time in them divided, and each
// alert goes to firing within two evaluations of its incident and resolves after it.
func TestRulerFiresAndResolves(t *testing.T) {
	l := startLoki(t, "-ruler.enable-api=true")
	text, err := os.ReadFile(filepath.FromSlash(ruleFile))
	require.NoError(t, err)
	quick := faster(t, string(text), hurried)
	require.NoError(t, os.WriteFile(filepath.Join(l.dir, "rules/fake/provtrail.yaml"), []byte(quick), 0o600))
	l.run(t)
	exp, refused := newExporter(t, l.URL, nil)

	const evaluation = 5 * time.Minute / hurried
	incidents := []incident{
		{alert: "ProvtrailFailedSpike", labels: "acme/SAP"},
		{alert: "ProvtrailRetryingSpike", labels: "acme/SAP"},
		{alert: "ProvtrailStalledWork", labels: "acme/Workday"},
		{alert: "ProvtrailLeaverRemovalFailed", labels: "acme/Workday"},
		{alert: "ProvtrailQuarantineGrowing", labels: "acme"},
		{alert: "ProvtrailFeedSilent", labels: "globex"},
	}
	begun := time.Now()
	b := newBatch()
	for _, source := range []string{"SAP", "Workday"} {
		for ago := 24 * time.Hour / hurried; ago > time.Hour/hurried; ago -= time.Hour / hurried {
			b.activity(begun.Add(-ago), "acme", source, provisioning.StatusSuccess, nil)
		}
	}
	// Has spoken, and not for two hours of the sped-up time and a bit.
	b.activity(begun.Add(-2*time.Hour/hurried-2*time.Second), "globex", "Okta", provisioning.StatusSuccess, nil)
	for _, in := range incidents {
		in.begins = begun
		b.strike(in)
	}
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
	require.Empty(t, quarantinedBy(t, refused))

	since := map[string]time.Time{}
	defer func() { t.Logf("have fired: %v", since) }()
	require.Eventually(t, func() bool {
		maps.Copy(since, l.alerts(t))
		for _, in := range incidents {
			if since[in.alert+" "+in.labels].IsZero() {
				return false
			}
		}
		return true
	}, 30*time.Second, 50*time.Millisecond, "all fire")
	for _, in := range incidents {
		// The first evaluation that saw it; ProvtrailFeedSilent then waits its ten minutes.
		delay := since[in.alert+" "+in.labels].Sub(begun)
		assert.LessOrEqual(t, delay, 2*evaluation+time.Second, "%s: two evaluations, and a second for the push", in.alert)
		t.Logf("%-30s active %s after the incident (an evaluation each %s)", in.alert, delay.Round(time.Millisecond), evaluation)
	}

	again := newBatch()
	again.activity(time.Now(), "globex", "Okta", provisioning.StatusSuccess, nil)
	require.NoError(t, exp.ConsumeLogs(t.Context(), again.logs))
	require.Eventually(t, func() bool {
		firing := l.alerts(t)
		for _, in := range incidents {
			if _, ok := firing[in.alert+" "+in.labels]; ok {
				return false
			}
		}
		return true
	}, 30*time.Second, 50*time.Millisecond, "all resolve")
}

// alerts are those that the ruler reports as firing, and since when they are active.
func (s *server) alerts(t *testing.T) map[string]time.Time {
	var answer struct {
		Data struct {
			Alerts []struct {
				Labels   map[string]string
				State    string
				ActiveAt time.Time
			}
		}
	}
	s.get(t, "/prometheus/api/v1/alerts", nil, &answer)
	out := map[string]time.Time{}
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			out[a.Labels["alertname"]+" "+named(a.Labels)] = a.ActiveAt
		}
	}
	return out
}
