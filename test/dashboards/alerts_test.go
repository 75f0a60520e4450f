package dashboards

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// trial is an incident that an alert must see: what it writes, from when to when it
// lasts, what fires, and when it must be over.
type trial struct {
	uid    string
	labels string
	logs   plog.Logs
	begins time.Time
	over   time.Time // the rule has resolved by then
}

// Each alert fires within two evaluations of its incident's being there, for the
// right source or feed alone, and resolves.
func testAlertsFireAndResolve(t *testing.T, s *store, results map[string]*alertResult) {
	to := monday.Add(-12 * time.Hour)
	all := rules(t)
	tried := map[string]bool{}
	for _, tr := range trials(to) {
		tried[tr.uid] = true
		r := all[tr.uid]
		require.NotNil(t, r, tr.uid)
		ordinary := r.evaluate(t, s, tr.begins.Add(2*interval))
		require.NotContains(t, ordinary, tr.labels, "%s: quiet without it", tr.uid)
		spikes := map[string][]string{}
		for _, uid := range []string{"provtrail-failed-spike", "provtrail-retrying-spike"} {
			spikes[uid] = all[uid].evaluate(t, s, tr.begins.Add(interval))
		}
		s.write(t, tr.logs)
		if causes[tr.uid] != "" {
			for uid, before := range spikes {
				assert.ElementsMatch(t, before, all[uid].evaluate(t, s, tr.begins.Add(interval)), "%s: one cause on one source is one alert, %s fires too", tr.uid, uid)
			}
		}
		fired := time.Duration(-1)
		for n := time.Duration(0); n <= 2 && fired < 0; n++ {
			if at := tr.begins.Add(n * interval); slices.Contains(r.evaluate(t, s, at), tr.labels) {
				fired = n * interval
			}
		}
		result := results[tr.uid]
		result.incidents++
		if assert.GreaterOrEqual(t, fired, time.Duration(0), "%s has not fired for %s after two evaluations", tr.uid, tr.labels) {
			result.fired++
			result.slowest = max(result.slowest, 1+int(fired/interval))
		}
		assert.ElementsMatch(t, append(ordinary, tr.labels), r.evaluate(t, s, tr.begins.Add(2*interval)), "%s: nothing else fires", tr.uid)
		assert.NotContains(t, r.evaluate(t, s, tr.over), tr.labels, "%s resolves", tr.uid)
	}
	for uid := range all {
		assert.True(t, tried[uid], "%s is tried", uid)
	}
}

// Failures, stalled work and a leaver's failed removal without a source, and unreadable
// texts without a feed, make no alert: an alert names what it is about.
func testNothingWithoutANameFires(t *testing.T, s *store) {
	at := monday.Add(-12 * time.Hour)
	s.write(t, incident(at, 60, "", provisioning.StatusFailed, nil))
	s.write(t, incident(at.Add(time.Second), 60, "", provisioning.StatusRetrying, nil))
	s.write(t, incident(at.Add(2*time.Second), 40, "", provisioning.StatusPending, func(r *record.Record) {
		r.OccurredAt -= hours(5)
		r.Stalled = true
		r.AsState(record.Version(1, true))
	}))
	s.write(t, incident(at.Add(3*time.Second), 1, "", provisioning.StatusFailed, func(r *record.Record) {
		r.Cause, r.Kind, r.Operation = provisioning.CauseLifecycleChange, provisioning.KindDeprovisioning, provisioning.OperationDisable
	}))
	for uid, r := range rules(t) {
		for _, labels := range r.evaluate(t, s, at.Add(interval)) {
			assert.NotContains(t, strings.Split(labels, "/"), "", "%s fires for %q", uid, labels)
		}
	}
}

// causeTexts are errors of the causes that have an alert of their own.
var causeTexts = map[string]string{
	"provtrail-credentials-failed": "ORA-01017: invalid username/password; logon denied",
	"provtrail-source-unreachable": "java.net.ConnectException: Connection refused",
	"provtrail-licences-used-up":   "LICENSE_LIMIT_EXCEEDED: No more licenses of this type are available",
}

var causeHour = map[string]time.Duration{
	"provtrail-credentials-failed": 0, "provtrail-source-unreachable": 2 * time.Hour, "provtrail-licences-used-up": 4 * time.Hour,
}

// trials are one incident for each rule, hours apart.
func trials(to time.Time) []trial {
	begins := to.Add(-20 * time.Hour)
	next := func() time.Time { begins = begins.Add(2 * time.Hour); return begins }
	var out []trial
	add := func(uid, labels string, at time.Time, lasts time.Duration, ld plog.Logs) {
		out = append(out, trial{uid, labels, ld, at, at.Add(lasts)})
	}
	at := next()
	add("provtrail-failed-spike", "acme/SAP ERP", at, time.Hour, incident(at, 60, "SAP ERP", provisioning.StatusFailed, nil))
	at = next()
	add("provtrail-retrying-spike", "acme/Payroll DB", at, time.Hour, incident(at, 60, "Payroll DB", provisioning.StatusRetrying, nil))
	// Smaller ones on other sources and at other hours: mornings, nights, the weekend.
	for i, source := range []string{"Corp LDAP", "Entra ID", "SAP ERP", "Payroll DB"} {
		at := to.Add(-time.Duration(26+13*i) * time.Hour)
		add("provtrail-failed-spike", "acme/"+source, at, time.Hour, incident(at, 20, source, provisioning.StatusFailed, nil))
		at = at.Add(-6 * time.Hour)
		add("provtrail-retrying-spike", "acme/"+source, at, time.Hour, incident(at, 20, source, provisioning.StatusRetrying, nil))
	}
	// The first signs of a cause that hits a whole source: three groups, or ten that are retried.
	for uid, text := range causeTexts {
		for i, source := range []string{"SAP ERP", "Payroll DB", "Corp LDAP"} {
			at := to.Add(-time.Duration(30+13*i)*time.Hour - causeHour[uid])
			status := []provisioning.Status{provisioning.StatusFailed, provisioning.StatusRetrying, provisioning.StatusFailed}[i]
			n := []int{3, 10, 30}[i]
			add(uid, "acme/"+source, at, 70*time.Minute, incident(at, n, source, status, func(r *record.Record) { r.ErrorMessage = text }))
		}
	}
	at = next()
	add("provtrail-stalled-work", "acme/Entra ID", at, 2*time.Hour, incident(at, 40, "Entra ID", provisioning.StatusPending, func(r *record.Record) {
		r.OccurredAt -= hours(5)
		r.Stalled = true
		r.AsState(record.Version(1, true))
	}))
	at = next()
	add("provtrail-leaver-removal-failed", "acme/Corp LDAP of leavers", at, 26*time.Hour, incident(at, 1, "Corp LDAP of leavers", provisioning.StatusFailed, func(r *record.Record) {
		r.Cause, r.Kind, r.Operation = provisioning.CauseLifecycleChange, provisioning.KindDeprovisioning, provisioning.OperationDisable
	}))
	at = next()
	add("provtrail-quarantine-growing", "acme/file", at, time.Hour, quarantined(20, at))
	at = next()
	add("provtrail-hour-short", "acme/search", at, 46*time.Hour, statements(statement(at.Add(-3*time.Hour), 5, "a", "b", "c")))
	at = next()
	add("provtrail-unknown-status-word", "acme/LIMBO", at, 2*time.Hour, incident(at, 1, "Corp LDAP", provisioning.StatusUnset, func(r *record.Record) { r.RawStatus = "LIMBO" }))
	// A feed that spoke every five minutes and stopped three hours before.
	at = next()
	webhook := plog.NewLogs()
	for spoke := at.Add(-2 * 24 * time.Hour); !spoke.After(at.Add(-3 * time.Hour)); spoke = spoke.Add(interval) {
		incident(spoke, 1, "Corp LDAP", provisioning.StatusSuccess, func(r *record.Record) { r.Feed = provisioning.FeedWebhook }).
			ResourceLogs().MoveAndAppendTo(webhook.ResourceLogs())
	}
	// It speaks again four hours after it stopped.
	incident(at.Add(time.Hour), 1, "Corp LDAP", provisioning.StatusSuccess, func(r *record.Record) { r.Feed = provisioning.FeedWebhook }).
		ResourceLogs().MoveAndAppendTo(webhook.ResourceLogs())
	add("provtrail-feed-silent", "acme/webhook", at, time.Hour+interval, webhook)
	return out
}

// incident is n activities of one source that reached a status at a time.
func incident(at time.Time, n int, source string, status provisioning.Status, change func(*record.Record)) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		o := provisioning.Observation{
			Tenant: tenantName, Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST,
			GroupID: provisioning.ActivityKey{Source: source, Account: at.String(), Value: string(rune('A' + i))}.ID().String(), SourceName: source,
			AccountID: "incident", AttributeName: "memberOf", AttributeValue: "x", Operation: provisioning.OperationAdd,
			ReportedStatus: status, RawStatus: status.String(), Cause: provisioning.CauseAccessRequest, ErrorMessage: "User E1 is currently being edited by another administrator",
			OccurredAt: stamp(at.Add(-time.Minute)), ObservedAt: stamp(at),
		}
		o.EventID = provisioning.EventID(&o)
		a := provisioning.Resolve([]provisioning.Observation{o})
		r := record.New(&a[0])
		r.Version, r.Current = record.Version(1, false), true
		r.GroupNumber = provisioning.GroupNumber(tenantName, r.GroupID)
		if change != nil {
			change(&r)
		}
		classify(&r)
		record.WriteRecord(&r, records.AppendEmpty())
	}
	return ld
}

// hours is a span of hours in the unit of a record's times.
func hours(n int64) pcommon.Timestamp { return pcommon.Timestamp(n) * pcommon.Timestamp(time.Hour) }
