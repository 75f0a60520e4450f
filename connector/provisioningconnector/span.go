package provisioningconnector

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// spanFields are the columns that an activity's span carries as attributes.
var spanFields = func() (fields []record.Field) {
	columns := []string{
		"activity_id", "status", "kind", "operation", "cause", "source_id", "source_name", "account_id",
		"attribute_name", "attribute_value", "identity_id", "identity_name", "requester_name", "approver_name",
		"approval_status", "error_message", "failed_on", "ticket_id", "attempts", "pending_ms", "retrying_ms",
		"committed_ms", "failed_ms",
	}
	for _, f := range record.Fields {
		if slices.Contains(columns, f.Column) {
			fields = append(fields, f)
		}
	}
	return fields
}()

func writeActivity(a *activity, span ptrace.Span) {
	r := &a.newest
	span.SetSpanID(spanID(r.ActivityID))
	span.SetKind(ptrace.SpanKindClient)
	span.SetName(strings.TrimSpace(cmp.Or(string(r.Operation), "Change") + " " + r.AttributeName))
	span.SetStartTimestamp(begin(r))
	span.SetEndTimestamp(finish(r))
	setStatus(span, r.Status, r.ErrorMessage)
	attributes := span.Attributes()
	for i := range spanFields {
		f := &spanFields[i]
		if f.Value == record.ValueInt {
			if n := f.Number(r); n != 0 {
				attributes.PutInt(f.Attribute(), n)
			}
		} else if text := f.Word(r); text != "" {
			attributes.PutStr(f.Attribute(), text)
		}
	}
	writeEvents(a, span)
}

// event is a moment in an activity's life.
type event struct {
	at      pcommon.Timestamp
	status  provisioning.Status
	message string
}

// writeEvents writes the timeline: when each status was first reached, each retry,
// and the last failure.
func writeEvents(a *activity, span ptrace.Span) {
	r := &a.newest
	events := []event{
		{at: r.FirstPendingAt, status: provisioning.StatusPending},
		{at: r.FirstFailedAt, status: provisioning.StatusFailed},
		{at: r.CommittedAt, status: provisioning.StatusCommitted},
		{at: r.FinishedAt, status: provisioning.StatusSuccess},
	}
	if r.FailedAt != r.FirstFailedAt {
		events = append(events, event{at: r.FailedAt, status: provisioning.StatusFailed, message: r.ErrorMessage})
	}
	for _, again := range a.retries {
		events = append(events, event{at: again.at, status: provisioning.StatusRetrying, message: again.because})
	}
	events = slices.DeleteFunc(events, func(e event) bool { return e.at == 0 })
	slices.SortFunc(events, func(x, y event) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.status, y.status), cmp.Compare(x.message, y.message))
	})
	for _, e := range events {
		to := span.Events().AppendEmpty()
		to.SetName(e.status.String())
		to.SetTimestamp(e.at)
		if e.message != "" {
			to.Attributes().PutStr(record.AttributePrefix+"error_message", e.message)
		}
	}
}

// begin is when the activity was asked for, or else first known.
func begin(r *record.Record) pcommon.Timestamp {
	at := r.At()
	for _, t := range []pcommon.Timestamp{r.RequestedAt, r.FirstPendingAt, r.FirstRetryingAt, r.FirstFailedAt, r.CommittedAt, r.FinishedAt, r.StatusSince} {
		if t != 0 {
			at = min(at, t)
		}
	}
	return at
}

// finish is when the activity entered the status it ended in.
func finish(r *record.Record) pcommon.Timestamp {
	if r.StatusSince == 0 {
		return r.At()
	}
	return r.StatusSince
}
