package dashboards

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestAlerts tries the rules on a simulated fortnight: first as it is, then with
// incidents in it.
func TestAlerts(t *testing.T) {
	to := monday.Add(18 * time.Hour)
	s := newStore(t)
	h := simulate(to.Add(-14*24*time.Hour), to, 600)
	s.write(t, h.logs())
	results := map[string]*alertResult{}
	for uid, r := range rules(t) {
		results[uid] = &alertResult{title: string(r.Title)}
	}
	t.Run("silent over an ordinary week", func(t *testing.T) { testSilentOverAnOrdinaryWeek(t, s, h, to, results) })
	t.Run("fire and resolve", func(t *testing.T) { testAlertsFireAndResolve(t, s, results) })
	t.Run("decisions, replays and test data", func(t *testing.T) { testDecisionsAndReplaysAreQuiet(t, s) })
	t.Run("nothing without a name", func(t *testing.T) { testNothingWithoutANameFires(t, s) })
	if !t.Failed() {
		assertDocumented(t, results)
	}
}

// Over seven ordinary days, after seven to learn from, no alert fires without a
// cause: nights, mornings, a weekend and a Monday among them. Two causes are part of
// ordinary days: a source's outage, which the spikes may show, and a leaver's failed
// removal, for which the alert must fire exactly while it stands.
func testSilentOverAnOrdinaryWeek(t *testing.T, s *store, h *history, to time.Time, results map[string]*alertResult) {
	for uid, r := range rules(t) {
		step := 12*time.Hour + interval
		spike := strings.HasSuffix(uid, "-spike") || causeTexts[uid] != ""
		if spike { // the ones that could mistake a rhythm for an incident
			step = 4*time.Hour + interval
		}
		evaluations, rightly := 0, 0
		for at := to.Add(-7 * 24 * time.Hour); at.Before(to); at = at.Add(step) {
			evaluations++
			got := r.evaluate(t, s, at)
			want := []string{}
			switch {
			case spike:
				want = slices.DeleteFunc(slices.Clone(got), func(labels string) bool { return !h.wasDown(labels, at) })
			case uid == "provtrail-leaver-removal-failed":
				want = leaversFailed(h, at)
			}
			rightly += len(want)
			results[uid].wrong += len(slices.DeleteFunc(slices.Clone(got), func(labels string) bool { return slices.Contains(want, labels) }))
			assert.ElementsMatch(t, want, got, "%s at %s", uid, at)
		}
		if uid == "provtrail-leaver-removal-failed" {
			assert.Positive(t, rightly, "the week has leavers")
		}
		results[uid].evaluations, results[uid].alarms = evaluations, rightly
	}
	all := rules(t)
	outages, seen := h.outages(to.Add(-7*24*time.Hour), to), 0
	for _, o := range outages {
		if slices.ContainsFunc([]string{"provtrail-failed-spike", "provtrail-source-unreachable", "provtrail-licences-used-up"}, func(uid string) bool {
			return slices.Contains(all[uid].evaluate(t, s, o.until), o.labels)
		}) {
			seen++
		}
	}
	assert.NotEmpty(t, outages)
	assert.Len(t, outages, seen)
}

// outageSlot is how long an outage of a simulated source lasts.
const outageSlot = 40 * time.Minute

// wasDown reports whether the source of "tenant/source" had an outage whose failures
// may be in the window of an evaluation, those of retries included.
func (h *history) wasDown(labels string, at time.Time) bool {
	for _, src := range h.sources {
		if labels != tenantName+"/"+src.Name {
			continue
		}
		for back := time.Duration(0); back <= 90*time.Minute; back += 5 * time.Minute {
			if src.Down(at.Add(-back)) {
				return true
			}
		}
	}
	return false
}

type outage struct {
	labels string
	until  time.Time
}

// outages lists those that hit 8 or more groups in half an hour.
func (h *history) outages(from, to time.Time) []outage {
	var out []outage
	for _, src := range h.sources {
		for at := from.Truncate(outageSlot); at.Before(to); at = at.Add(outageSlot) {
			until := at.Add(outageSlot)
			if !src.Down(at) {
				continue
			}
			groups := map[string]bool{}
			for i := range h.records {
				r := &h.records[i]
				if r.SourceName == src.Name && r.Outcome == provisioning.OutcomeFault && r.PreviousStatus != provisioning.StatusFailed &&
					r.ObservedAt > stamp(until.Add(-35*time.Minute)) && r.ObservedAt <= stamp(until) {
					groups[r.GroupID] = true
				}
			}
			if len(groups) >= 8 {
				out = append(out, outage{tenantName + "/" + src.Name, until})
			}
		}
	}
	return out
}

// leaversFailed are the sources on which the newest report of the day before on some
// leaver's removal is a fault.
func leaversFailed(h *history, at time.Time) []string {
	newest := map[[6]string]*record.Record{}
	from := stamp(at.Add(-24 * time.Hour))
	for i := range h.records {
		r := &h.records[i]
		if r.Kind != provisioning.KindDeprovisioning || r.Cause != provisioning.CauseLifecycleChange || r.OccurredAt < from || r.OccurredAt > stamp(at) {
			continue
		}
		removal := [6]string{r.IdentityID, r.SourceName, strings.ToLower(r.AccountID), r.AttributeName, r.AttributeValue, string(r.Operation)}
		if n := newest[removal]; n == nil || r.OccurredAt > n.OccurredAt || r.OccurredAt == n.OccurredAt && r.Version >= n.Version {
			newest[removal] = r
		}
	}
	failed := map[string]bool{}
	for _, r := range newest {
		if r.Outcome == provisioning.OutcomeFault {
			failed[tenantName+"/"+r.SourceName] = true
		}
	}
	return slices.AppendSeq([]string{}, maps.Keys(failed))
}
