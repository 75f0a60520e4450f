package dashboards

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Decisions in bulk, the replay of months that are over, and a bulk of successful test data
// fire no alert and change no failure rate of the sources that were there, nor what is
// wrong, nor the top errors.
func testDecisionsAndReplaysAreQuiet(t *testing.T, s *store) {
	at := monday.Add(-3 * time.Hour)
	firing := func() map[string][]string {
		out := map[string][]string{}
		for uid, r := range rules(t) {
			for _, after := range []time.Duration{0, interval, 2 * interval} {
				out[uid+" "+after.String()] = r.evaluate(t, s, at.Add(after))
			}
		}
		return out
	}
	shown := func() map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, b := range boards(t) {
			sc := scope{from: at.Add(-24 * time.Hour), to: at.Add(interval), interval: time.Hour, vars: b.choose(nil), typed: b.typed()}
			for _, p := range b.all() {
				for title, columns := range map[string][2]string{
					"Failure rate by source": {"source", "failure rate"}, "What is wrong now": {"what", "how many"}, "Failures by source": {"source", "Failed"},
					"Top errors": {"error", "activities failed"}, "Leavers not yet removed": {"identity_id", "source"}, "Failures by source and error, and what to do": {"error", "failed"},
				} {
					if p.Title != title {
						continue
					}
					out[title] = map[string]any{}
					r := s.query(t, sc.expand(t, p.Targets[0].RawSQL))
					for _, row := range r.rows {
						name, value := row[r.column(columns[0])].(string), row[r.column(columns[1])]
						if text, is := value.(string); is {
							name += " " + text
						}
						if name != "Test data" {
							out[title][name] = value
						}
					}
				}
			}
		}
		return out
	}
	quiet, before := firing(), shown()
	require.NotEmpty(t, before["Failure rate by source"])
	require.Len(t, before, 6)

	n := 0
	bulk := func(count int, source string, status provisioning.Status, change func(*record.Record)) {
		n++
		s.write(t, incident(at.Add(time.Duration(n)*time.Second), count, source, status, change))
	}
	for _, decision := range []provisioning.Approval{provisioning.ApprovalRejected, provisioning.ApprovalReturned, provisioning.ApprovalExpired, provisioning.ApprovalCanceled} {
		bulk(300, "SAP ERP", provisioning.StatusFailed, func(r *record.Record) {
			r.Outcome, r.ApprovalStatus, r.ApproverName, r.ReviewerComment = provisioning.OutcomeDeclined, decision, "Ana Kovar", "not in your role"
			r.ErrorMessage = causeTexts["provtrail-source-unreachable"]
		})
		bulk(50, "Corp LDAP", provisioning.StatusFailed, func(r *record.Record) {
			r.Outcome, r.ApprovalStatus, r.IdentityID = provisioning.OutcomeDeclined, decision, "leaver"
			r.Cause, r.Kind, r.Operation = provisioning.CauseLifecycleChange, provisioning.KindDeprovisioning, provisioning.OperationDisable
		})
	}
	old := func(r *record.Record) {
		then := stamp(r.OccurredAt.AsTime().AddDate(0, -6, 0))
		r.OccurredAt, r.StatusSince, r.FailedAt = then, then, then
		r.FirstPendingAt, r.FirstRetryingAt, r.FirstFailedAt = 0, 0, then
	}
	for _, text := range causeTexts {
		bulk(200, "Payroll DB", provisioning.StatusFailed, func(r *record.Record) { old(r); r.ErrorMessage = text })
	}
	bulk(200, "Payroll DB", provisioning.StatusRetrying, old)
	bulk(50, "Payroll DB", provisioning.StatusUnset, func(r *record.Record) { old(r); r.RawStatus = "OF_OLD" })
	bulk(200, "Payroll DB", provisioning.StatusPending, func(r *record.Record) {
		old(r)
		r.Stalled = true
		r.AsState(record.Version(1, true))
	})
	bulk(100, "Payroll DB", provisioning.StatusFailed, func(r *record.Record) {
		old(r)
		r.Cause, r.Kind, r.Operation = provisioning.CauseLifecycleChange, provisioning.KindDeprovisioning, provisioning.OperationDisable
	})
	bulk(2000, "Test data", provisioning.StatusCommitted, nil)

	for when, labels := range firing() {
		assert.ElementsMatch(t, quiet[when], labels, when)
	}
	assert.Equal(t, before, shown())
	for _, b := range boards(t) {
		sc := scope{from: at.Add(-24 * time.Hour), to: at.Add(interval), interval: time.Hour, vars: b.choose(nil), typed: b.typed()}
		for _, p := range b.all() {
			if p.Title == "Declined" {
				declined := s.query(t, sc.expand(t, p.Targets[0].RawSQL))
				words := 0
				for _, row := range declined.rows {
					if row[declined.column("reason")] == "not in your role" {
						words++
						assert.Equal(t, "Ana Kovar", row[declined.column("approver")])
						assert.InDelta(t, 300, number(t, row[declined.column("activities")]), 0)
					}
				}
				assert.Equal(t, 4, words, "each decision, with the reviewer's words")
			}
		}
	}
}
