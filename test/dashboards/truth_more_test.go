package dashboards

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

type panelQuery func(board, panel string, chosen map[string][]string) *result

// testOtherNumbers compares rates, quantiles, errors and the panels of one person.
func testOtherNumbers(t *testing.T, h *history, panel panelQuery, one *provisioning.Activity) {
	const overview = "Provisioning overview"

	ended, failed := map[string]float64{}, map[string]float64{}
	groups := map[string]bool{}
	for i := range h.activities {
		a := &h.activities[i]
		groups[a.Key.GroupID] = true
		if a.Status.Open() || a.Status == provisioning.StatusUnset || a.Outcome == provisioning.OutcomeDeclined {
			continue
		}
		ended[a.SourceName]++
		if a.Outcome == provisioning.OutcomeFault {
			failed[a.SourceName]++
		}
	}
	rates := panel(overview, "Failure rate by source", nil)
	require.NotEmpty(t, rates.rows)
	for _, row := range rates.rows {
		name := row[rates.column("source")].(string)
		assert.GreaterOrEqual(t, ended[name], 10.0)
		assert.InDelta(t, failed[name]/ended[name], number(t, row[rates.column("failure rate")]), 1e-9, name)
	}
	assert.InDelta(t, 0, panel(overview, "Open now", nil).sum(t, "Verification overdue"), 0)
	assert.InDelta(t, float64(len(groups)), panel("Activities", "Matching", nil).sum(t, "groups"), 0)

	assertQuantiles(t, h, panel(overview, "Time to commit", nil), func(a *provisioning.Activity) (from, to pcommon.Timestamp) { return a.RequestedAt, a.CommittedAt })
	assertQuantiles(t, h, panel(overview, "Time to verify", nil), func(a *provisioning.Activity) (from, to pcommon.Timestamp) { return a.CommittedAt, a.FinishedAt })
	assertErrors(t, h, panel(overview, "Top errors", nil))

	var late []float64
	odd := 0
	for i := range h.records {
		r := &h.records[i]
		if r.RecordType != record.TypeObservation {
			continue
		}
		late = append(late, r.ObservedAt.AsTime().Sub(r.OccurredAt.AsTime()).Seconds())
		if r.Odd {
			odd++
		}
	}
	slices.Sort(late)
	for _, row := range panel("Pipeline", "How late reports come", nil).rows {
		for _, v := range row[1:] { // each hour's quantiles lie among the true values
			assert.GreaterOrEqual(t, number(t, v)+0.01, late[0])
			assert.LessOrEqual(t, number(t, v)-0.01, late[len(late)-1])
		}
	}
	contradictions := panel("Pipeline", "Contradictions and unknown words", nil)
	assert.InDelta(t, odd, contradictions.sum(t, "odd"), 0)
	assert.InDelta(t, 0, contradictions.sum(t, "unknown word"), 0)
	assert.InDelta(t, 3, panel("Pipeline", "Quarantined over time", nil).sum(t, "file"), 0)
	assert.InDelta(t, len(late), panel("Pipeline", "Freshness of each feed", nil).sum(t, "observations"), 0)
	stored := panel("Pipeline", "Stored", nil)
	for _, row := range stored.rows {
		want := map[string]int{"activities": len(h.activities), "groups": len(h.groups), "quarantine": 3}[row[0].(string)]
		assert.InDelta(t, want, number(t, row[stored.column("rows")]), 0, row[0])
	}

	testOfOnePerson(t, h, panel, one)
}

func testOfOnePerson(t *testing.T, h *history, panel panelQuery, one *provisioning.Activity) {
	chosen := map[string][]string{"identity": {one.IdentityName}}
	count := map[string]float64{}
	entered := map[provisioning.Status]map[string]bool{}
	for i := range h.activities {
		a := &h.activities[i]
		if a.IdentityID != one.IdentityID {
			continue
		}
		if a.Outcome == provisioning.OutcomeFault {
			count["Failed"]++
		}
		if a.Status.Open() {
			count["Open"]++
		}
		if h.stalled[a.ID] {
			count["Stalled"]++
		}
		for _, step := range a.History {
			if step.Status != step.Previous {
				if entered[step.Status] == nil {
					entered[step.Status] = map[string]bool{}
				}
				entered[step.Status][a.ID.String()+step.At().AsTime().Truncate(time.Hour).String()] = true
			}
		}
	}
	for _, name := range []string{"Failed", "Open", "Stalled"} {
		assert.InDelta(t, count[name], panel("Identity", "In the range", chosen).sum(t, name), 0, name)
	}
	changes := panel("Identity", "Changes by status", chosen)
	for _, status := range provisioning.Statuses {
		assert.InDelta(t, len(entered[status]), changes.sum(t, status.String()), 0, "changes to %s", status)
	}
}

// assertQuantiles computes each bucket's quantiles as ClickHouse defines them:
// interpolated between the two nearest values.
func assertQuantiles(t *testing.T, h *history, got *result, span func(*provisioning.Activity) (from, to pcommon.Timestamp)) {
	t.Helper()
	buckets := map[int64][]float64{}
	for i := range h.activities {
		if from, to := span(&h.activities[i]); from != 0 && to >= from {
			at := to.AsTime().Truncate(time.Hour).Unix()
			buckets[at] = append(buckets[at], to.AsTime().Sub(from.AsTime()).Seconds())
		}
	}
	require.NotEmpty(t, got.rows)
	assert.Len(t, got.rows, len(buckets))
	for _, row := range got.rows {
		values := buckets[moment(t, row[got.column("time")]).Unix()]
		require.NotEmpty(t, values)
		slices.Sort(values)
		for name, level := range map[string]float64{"p50": 0.5, "p95": 0.95, "p99": 0.99} {
			place := level * float64(len(values)-1)
			low := int(place)
			high := min(low+1, len(values)-1)
			want := values[low] + (place-float64(low))*(values[high]-values[low])
			assert.InDelta(t, want, number(t, row[got.column(name)]), 0.01, name)
		}
	}
}

func moment(t *testing.T, v any) time.Time {
	if p, ok := v.(*time.Time); ok {
		require.NotNil(t, p)
		return *p
	}
	return v.(time.Time)
}

var fingerprints = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}`), "<id>"},
	{regexp.MustCompile(`"[^"]*"|'[^']*'`), "<text>"},
	{regexp.MustCompile(`(?i)\b(cn|ou|dc|uid)=[^,;\s]+(,\s*(cn|ou|dc|uid)=[^,;\s]+)*`), "<dn>"},
	{regexp.MustCompile(`\b(0x)?[0-9][0-9a-fA-F]*\b`), "<n>"},
}

func assertErrors(t *testing.T, h *history, got *result) {
	activities := map[string]map[provisioning.ID]bool{}
	for i := range h.activities {
		a := &h.activities[i]
		if a.Outcome != provisioning.OutcomeFault || a.ErrorMessage == "" {
			continue
		}
		text := a.ErrorMessage
		for _, f := range fingerprints {
			text = f.what.ReplaceAllString(text, f.by)
		}
		if activities[text] == nil {
			activities[text] = map[provisioning.ID]bool{}
		}
		activities[text][a.ID] = true
	}
	require.NotEmpty(t, got.rows)
	assert.Len(t, got.rows, min(len(activities), 25))
	for _, row := range got.rows {
		text := row[got.column("error")].(string)
		assert.InDelta(t, len(activities[text]), number(t, row[got.column("activities failed")]), 0, text)
	}
}
