package loki

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	ruleFile = root + "/dashboards/loki/provtrail.yaml"
	interval = 5 * time.Minute
	day      = 24 * time.Hour

	// A week is squeezed into less than the three hours that Loki looks back into what
	// it has in memory; every span in the rules with it. Five minutes are 5 s.
	squeezed = 60
)

var span = regexp.MustCompile(`\b(\d+)([mh])\b`)

// faster divides the spans of time in rules.
func faster(t *testing.T, rules string, by int) string {
	return span.ReplaceAllStringFunc(rules, func(s string) string {
		n, err := strconv.Atoi(s[:len(s)-1])
		require.NoError(t, err)
		unit := map[byte]int{'m': 60_000, 'h': 3_600_000}[s[len(s)-1]]
		return fmt.Sprintf("%dms", n*unit/by)
	})
}

// rules are the expressions of dashboards/loki by the alert's name.
func rules(t *testing.T) map[string]string {
	conf, err := confmaptest.LoadConf(filepath.FromSlash(ruleFile))
	require.NoError(t, err)
	text, err := json.Marshal(conf.ToStringMap())
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Interval string
			Rules    []struct{ Alert, Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Groups, 1)
	require.Equal(t, "5m", file.Groups[0].Interval)
	out := map[string]string{}
	for _, r := range file.Groups[0].Rules {
		out[r.Alert] = r.Expr
	}
	return out
}

// incident is what an alert must see: when it is there, and when the alert is over.
type incident struct {
	alert, labels string
	begins, over  time.Time
}

// weekWithIncidents is an ordinary week up to now, in the last four days of which one
// incident for each rule happens.
func weekWithIncidents(now time.Time) (b *batch, incidents []incident) {
	b = newBatch()
	b.squeezeTo = now
	rng := rand.New(rand.NewPCG(1, 2))
	from := now.Add(-7*day + time.Hour)
	begins := now.Add(-4 * day).Truncate(interval)
	incidents = []incident{
		{"ProvtrailFailedSpike", "acme/SAP", begins, begins.Add(30 * time.Minute)},
		{"ProvtrailRetryingSpike", "acme/SAP", begins.Add(12 * time.Hour), begins.Add(12*time.Hour + 30*time.Minute)},
		{"ProvtrailStalledWork", "acme/Workday", begins.Add(24 * time.Hour), begins.Add(25 * time.Hour)},
		{"ProvtrailLeaverRemovalFailed", "acme/Workday", begins.Add(36 * time.Hour), begins.Add(37 * time.Hour)},
		{"ProvtrailQuarantineGrowing", "acme", begins.Add(48 * time.Hour), begins.Add(48*time.Hour + 30*time.Minute)},
		// Silent from two hours before until it speaks again.
		{"ProvtrailFeedSilent", "globex", begins.Add(60 * time.Hour), begins.Add(64 * time.Hour)},
	}
	silent := incidents[5]
	for at := from; at.Before(now); at = at.Add(time.Minute) {
		for _, in := range incidents {
			if at.Equal(in.begins.Add(-time.Minute)) || (at.Before(in.begins) && at.Add(time.Minute).After(in.begins)) {
				b.strike(in)
			}
		}
		b.minute(at, rng)
		quiet := at.After(silent.begins.Add(-2*time.Hour)) && at.Before(silent.over)
		if !quiet && at.Minute()%5 == 0 {
			b.activity(at, "globex", "Okta", provisioning.StatusSuccess, nil)
		}
	}
	return b, incidents
}

// minute adds what happens in an ordinary minute: much on a Monday morning, little by
// night and on Sundays, and each source with its own share of failures.
func (b *batch) minute(at time.Time, rng *rand.Rand) {
	hourly := 4.0
	switch h := at.Hour(); {
	case at.Weekday() == time.Saturday || at.Weekday() == time.Sunday:
	case at.Weekday() == time.Monday && h >= 8 && h < 10:
		hourly = 90
	case h >= 8 && h < 18:
		hourly = 30
	}
	for source, failing := range map[string]float64{"Active Directory": 0.01, "SAP": 0.12, "Workday": 0.03} {
		if rng.Float64() >= hourly/60 {
			continue
		}
		status := provisioning.StatusSuccess
		switch x := rng.Float64(); {
		case x < failing:
			status = provisioning.StatusFailed
		case x < failing+0.04:
			status = provisioning.StatusRetrying
		}
		for range 1 + rng.IntN(3) { // the changes of one request fare alike
			b.activity(at, "acme", source, status, nil)
		}
		if rng.IntN(60) == 0 {
			b.stall(at, source)
		}
	}
	if rng.IntN(600) == 0 {
		b.quarantined(at, "acme")
	}
}

// strike adds an incident, all of it in the last moment before it begins.
func (b *batch) strike(in incident) {
	at := in.begins.Add(-time.Second)
	switch in.alert {
	case "ProvtrailFailedSpike":
		for range 60 {
			b.activity(at, "acme", "SAP", provisioning.StatusFailed, nil)
		}
	case "ProvtrailRetryingSpike":
		for range 60 {
			b.activity(at, "acme", "SAP", provisioning.StatusRetrying, nil)
		}
	case "ProvtrailStalledWork":
		for range 40 {
			b.stall(at, "Workday")
		}
	case "ProvtrailLeaverRemovalFailed":
		b.leaver(at, "Workday")
	case "ProvtrailQuarantineGrowing":
		for range 20 {
			b.quarantined(at, "acme")
		}
	}
}

func (b *batch) stall(at time.Time, source string) {
	b.activity(at, "acme", source, provisioning.StatusPending, func(r *record.Record) {
		r.Stalled = true
		r.AsState(record.Version(1, true))
	})
	b.ids = b.ids[:len(b.ids)-1] // a state record's id is another
}

func (b *batch) leaver(at time.Time, source string) {
	b.activity(at, "acme", source, provisioning.StatusFailed, func(r *record.Record) {
		r.Cause, r.Kind, r.Operation = provisioning.CauseLifecycleChange, provisioning.KindDeprovisioning, provisioning.OperationDisable
	})
}

// Every rule is asked at every five minutes of a week, as the ruler would: it fires
// for its incident at the first evaluation, is over when that leaves its window, and
// fires at no other time and for nothing else.
func TestRulesOverAWeek(t *testing.T) {
	l := startLoki(t, "-distributor.ingestion-rate-limit-mb=64", "-distributor.ingestion-burst-size-mb=64")
	l.run(t)
	exp, refused := newExporter(t, l.URL, nil)
	now := time.Now().Truncate(interval)
	b, incidents := weekWithIncidents(now)
	require.NoError(t, exp.ConsumeLogs(t.Context(), b.logs))
	require.Empty(t, quarantinedBy(t, refused))
	t.Logf("%d entries", b.to.Len())

	exprs := rules(t)
	tried := map[string]bool{}
	for _, in := range incidents {
		tried[in.alert] = true
		from, to := now.Add(-6*day), now.Add(-time.Hour)
		fired := l.firing(t, faster(t, exprs[in.alert], squeezed), now, from, to)
		assert.Equal(t, []string{in.labels}, keys(fired), "%s fires for its incident alone", in.alert)
		times := fired[in.labels]
		if assert.NotEmpty(t, times, in.alert) {
			assert.WithinRange(t, times[0], in.begins, in.begins.Add(2*interval), "%s fires within two evaluations", in.alert)
			assert.WithinRange(t, times[len(times)-1], in.over.Add(-2*interval), in.over.Add(interval), "%s resolves", in.alert)
			assert.Len(t, times, int(times[len(times)-1].Sub(times[0])/interval)+1, "%s fires without a gap", in.alert)
			t.Logf("%-30s fires %s after the incident, for %s; false in %d evaluations: 0",
				in.alert, times[0].Sub(in.begins), times[len(times)-1].Sub(times[0])+interval, int(to.Sub(from)/interval)+1)
		}
	}
	for alert := range exprs {
		assert.True(t, tried[alert], "%s is tried", alert)
	}
}

// firing are the times at which an expression holds, by its labels, stretched again.
func (s *server) firing(t *testing.T, expr string, now, from, to time.Time) map[string][]time.Time {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	s.get(t, "/loki/api/v1/query_range", url.Values{
		"query": {expr}, "step": {(interval / squeezed).String()}, "start": {nano(squeeze(now, from))}, "end": {nano(squeeze(now, to))},
	}, &answer)
	out := map[string][]time.Time{}
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			out[named(series.Metric)] = append(out[named(series.Metric)], stretch(now, time.UnixMilli(int64(v[0].(float64)*1000))))
		}
	}
	return out
}

// named is a series' tenant and source.
func named(labels map[string]string) string {
	if labels["source"] == "" {
		return labels["tenant"]
	}
	return labels["tenant"] + "/" + labels["source"]
}

func squeeze(now, at time.Time) time.Time { return now.Add(-now.Sub(at) / squeezed) }
func stretch(now, at time.Time) time.Time { return now.Add(-now.Sub(at) * squeezed) }

func keys(m map[string][]time.Time) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
