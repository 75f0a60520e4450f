package provisioningconnector

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// serviceName is the resource attribute by which trace stores sort spans. The root
// span's is the tenant, an activity's is the source it changes.
const serviceName = "service.name"

// attributeIncomplete marks a trace that lacks the spans of some activities.
const attributeIncomplete = record.AttributePrefix + "incomplete"

// writeTrace writes the spans of a finished group. It reports whether all of its
// activities are there.
func writeTrace(h *group, to ptrace.Traces) (complete bool) {
	g := &h.summary
	activities := h.standing()
	slices.SortFunc(activities, func(a, b *activity) int {
		return cmp.Or(cmp.Compare(begin(&a.newest), begin(&b.newest)),
			bytes.Compare(a.newest.ActivityID[:], b.newest.ActivityID[:]))
	})
	complete = int64(len(activities)) >= g.Activities

	root := spanOf(to, g.Tenant)
	trace := provisioning.TraceID(g.Tenant, g.ID)
	root.SetTraceID(trace)
	root.SetSpanID(rootID(trace))
	root.SetKind(ptrace.SpanKindInternal)
	root.SetName(cmp.Or(g.Cause, "Provisioning"))
	start, end := g.FirstAt, g.LastAt
	for _, a := range activities {
		start, end = min(start, begin(&a.newest)), max(end, finish(&a.newest))
	}
	root.SetStartTimestamp(start)
	root.SetEndTimestamp(end)
	writeGroup(g, root)
	if !complete {
		root.Attributes().PutBool(attributeIncomplete, true)
	}

	spans := map[string]ptrace.SpanSlice{}
	for _, a := range activities {
		source := cmp.Or(a.newest.SourceName, a.newest.SourceID, "unknown source")
		slice, ok := spans[source]
		if !ok {
			slice = spansOf(to, source)
			spans[source] = slice
		}
		span := slice.AppendEmpty()
		span.SetTraceID(trace)
		span.SetParentSpanID(rootID(trace))
		writeActivity(a, span)
	}
	return complete
}

func spansOf(to ptrace.Traces, service string) ptrace.SpanSlice {
	resource := to.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr(serviceName, service)
	scope := resource.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("github.com/provtrail/provtrail/connector/provisioningconnector")
	return scope.Spans()
}

func spanOf(to ptrace.Traces, service string) ptrace.Span { return spansOf(to, service).AppendEmpty() }

// rootID and spanID are deterministic: a trace sent again is the same trace.
func rootID(trace pcommon.TraceID) pcommon.SpanID { return pcommon.SpanID(trace[8:]) }

func spanID(activity provisioning.ID) pcommon.SpanID { return pcommon.SpanID(activity[:8]) }

func writeGroup(g *record.Group, span ptrace.Span) {
	attributes := span.Attributes()
	put := func(column, text string) {
		if text != "" {
			attributes.PutStr(record.AttributePrefix+column, text)
		}
	}
	put("tenant", g.Tenant)
	put("group_id", g.ID)
	put("group_status", g.Status.String())
	put("cause", g.Cause)
	put("identity_id", g.IdentityID)
	put("identity_name", g.IdentityName)
	put("requester_name", g.Requester)
	attributes.PutInt(record.AttributePrefix+"group_number", g.Number)
	attributes.PutInt(record.AttributePrefix+"activities", int64(g.Activities))
	for _, s := range provisioning.Statuses {
		if n := g.Counts[s]; n > 0 {
			attributes.PutInt(record.AttributePrefix+record.CountColumn(s), int64(n))
		}
	}
	failed := ""
	if n := g.Counts[provisioning.StatusFailed]; n > 0 {
		failed = fmt.Sprintf("%d of %d activities failed", n, g.Activities)
	}
	setStatus(span, g.Status, failed)
}

func setStatus(span ptrace.Span, status provisioning.Status, message string) {
	switch status {
	case provisioning.StatusFailed:
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage(message)
	case provisioning.StatusSuccess:
		span.Status().SetCode(ptrace.StatusCodeOk)
	}
}
