package provisioningconnector

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/provtrail/provtrail/connector/provisioningconnector/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const second = pcommon.Timestamp(1e9)

func observe(reported provisioning.Status, at pcommon.Timestamp, value string) provisioning.Observation {
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: "g1",
		SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory", AccountID: "CN=Ada",
		AttributeName: "memberOf", AttributeValue: value, Operation: provisioning.OperationAdd,
		ReportedStatus: reported, RawStatus: reported.String(), Cause: provisioning.CauseAccessRequest,
		RequestedAt: 5 * second, OccurredAt: at * second, ObservedAt: at*second + 1,
	}
	if reported == provisioning.StatusFailed {
		o.ErrorMessage = "LDAP 49"
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

// emitted is what the processor emits when the last of the observations has come
// after the others: the newest step's record, and the group's.
func emitted(observations ...provisioning.Observation) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	newest := observations[len(observations)-1]
	activities := provisioning.Resolve(observations)
	for i := range activities {
		a := &activities[i]
		for n := range a.History {
			if a.History[n].EventID != newest.EventID {
				continue
			}
			asOf := a.AsOf(n + 1)
			r := record.New(&asOf)
			r.Current, r.Version = n+1 == len(a.History), record.Version(len(observations), false)
			record.WriteRecord(&r, to.AppendEmpty())
		}
	}
	g := record.Group{Group: provisioning.Summarize(activities), Version: record.Version(len(observations), false)}
	record.WriteGroup(&g, to.AppendEmpty())
	return logs
}

func newTracer(t *testing.T, next *consumertest.TracesSink, change ...func(*Config)) *tracer {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	for _, c := range change {
		c(cfg)
	}
	tr, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Shutdown(context.Background())) })
	return tr
}

func spans(traces ptrace.Traces) map[string]ptrace.Span {
	out := map[string]ptrace.Span{}
	for _, rs := range traces.ResourceSpans().All() {
		service, _ := rs.Resource().Attributes().Get("service.name")
		for _, s := range rs.ScopeSpans().At(0).Spans().All() {
			value, _ := s.Attributes().Get("provisioning.attribute_value")
			out[service.Str()+" "+value.Str()] = s
		}
	}
	return out
}

var story = []provisioning.Observation{
	observe(provisioning.StatusPending, 10, "CN=Sales"),
	observe(provisioning.StatusPending, 11, "CN=Ops"),
	observe(provisioning.StatusFailed, 20, "CN=Sales"),
	observe(provisioning.StatusPending, 30, "CN=Sales"),
	observe(provisioning.StatusFailed, 35, "CN=Ops"),
	observe(provisioning.StatusCommitted, 40, "CN=Sales"),
	observe(provisioning.StatusSuccess, 60, "CN=Sales"),
}

func TestAFinishedGroupIsATrace(t *testing.T) {
	var sink consumertest.TracesSink
	tr := newTracer(t, &sink)
	for i := range story {
		require.Empty(t, sink.AllTraces(), "step %d of a group under way", i)
		require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story[:i+1]...)))
	}
	require.Len(t, sink.AllTraces(), 1)
	all := spans(sink.AllTraces()[0])
	require.Len(t, all, 3)
	root, sales, ops := all["acme "], all["Active Directory CN=Sales"], all["Active Directory CN=Ops"]

	require.Equal(t, "Access Request", root.Name())
	require.True(t, root.ParentSpanID().IsEmpty())
	require.Equal(t, provisioning.TraceID("acme", "g1"), root.TraceID())
	require.Equal(t, ptrace.StatusCodeError, root.Status().Code())
	require.Equal(t, "1 of 2 activities failed", root.Status().Message())
	require.Equal(t, 5*second, root.StartTimestamp())
	require.Equal(t, 60*second, root.EndTimestamp())
	_, incomplete := root.Attributes().Get(attributeIncomplete)
	require.False(t, incomplete)

	for _, s := range []ptrace.Span{sales, ops} {
		require.Equal(t, root.SpanID(), s.ParentSpanID())
		require.Equal(t, root.TraceID(), s.TraceID())
		require.Equal(t, "Add memberOf", s.Name())
		require.Equal(t, 5*second, s.StartTimestamp())
	}
	require.Equal(t, ptrace.StatusCodeOk, sales.Status().Code())
	require.Equal(t, 60*second, sales.EndTimestamp())
	attempts, _ := sales.Attributes().Get("provisioning.attempts")
	require.EqualValues(t, 2, attempts.Int())
	var names []string
	for _, e := range sales.Events().All() {
		names = append(names, e.Name())
		if e.Name() == "Retrying" {
			require.Equal(t, 30*second, e.Timestamp())
			message, _ := e.Attributes().Get("provisioning.error_message")
			require.Equal(t, "LDAP 49", message.Str())
		}
	}
	require.Equal(t, []string{"Pending", "Failed", "Retrying", "Committed", "Success"}, names)
	require.Equal(t, ptrace.StatusCodeError, ops.Status().Code())
	require.Equal(t, "LDAP 49", ops.Status().Message())
}

func TestHeardAgainIsSentOnce(t *testing.T) {
	var sink consumertest.TracesSink
	tr := newTracer(t, &sink)
	for i := range story {
		for range 2 {
			require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story[:i+1]...)))
		}
	}
	require.Len(t, sink.AllTraces(), 1)

	reopened := append(append([]provisioning.Observation{}, story...), observe(provisioning.StatusPending, 70, "CN=Ops"))
	require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(reopened...)))
	require.Len(t, sink.AllTraces(), 1, "a group that reopened is not finished")
	reopened = append(reopened, observe(provisioning.StatusSuccess, 80, "CN=Ops"))
	require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(reopened...)))
	require.Len(t, sink.AllTraces(), 2)
	first, second := spans(sink.AllTraces()[0]), spans(sink.AllTraces()[1])
	require.Equal(t, first["acme "].SpanID(), second["acme "].SpanID())
	require.Equal(t, ptrace.StatusCodeOk, second["Active Directory CN=Ops"].Status().Code())
}

type refusing struct {
	consumertest.TracesSink
	times int
}

func (r *refusing) ConsumeTraces(ctx context.Context, traces ptrace.Traces) error {
	if r.times > 0 {
		r.times--
		return errors.New("refused on command")
	}
	return r.TracesSink.ConsumeTraces(ctx, traces)
}

func TestARefusedTraceIsSentWhenItIsHeardAgain(t *testing.T) {
	next := &refusing{times: 2}
	cfg := createDefaultConfig().(*Config)
	tr, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(t, err)
	done := emitted(observe(provisioning.StatusSuccess, 10, "CN=Sales"))
	require.Error(t, tr.ConsumeLogs(t.Context(), done))
	require.Error(t, tr.ConsumeLogs(t.Context(), done))
	require.NoError(t, tr.ConsumeLogs(t.Context(), done))
	require.Equal(t, 2, next.SpanCount())
	require.NoError(t, tr.Shutdown(t.Context()))
}

func TestAfterARestartTheTraceSaysWhatItLacks(t *testing.T) {
	var sink consumertest.TracesSink
	tr := newTracer(t, &sink)
	require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(story...)))
	require.Len(t, sink.AllTraces(), 1)
	all := spans(sink.AllTraces()[0])
	require.Len(t, all, 2, "the other activity was emitted before")
	incomplete, ok := all["acme "].Attributes().Get(attributeIncomplete)
	require.True(t, ok)
	require.True(t, incomplete.Bool())
}

func TestCommittedIsFinishedWhereItIsSaidSo(t *testing.T) {
	var waits, done consumertest.TracesSink
	committed := emitted(observe(provisioning.StatusCommitted, 10, "CN=Sales"))
	require.NoError(t, newTracer(t, &waits).ConsumeLogs(t.Context(), committed))
	require.NoError(t, newTracer(t, &done, func(c *Config) { c.CommittedIsFinished = true }).ConsumeLogs(t.Context(), committed))
	require.Zero(t, waits.SpanCount())
	require.Equal(t, 2, done.SpanCount())
}

func TestMemoryIsBounded(t *testing.T) {
	var sink consumertest.TracesSink
	tr := newTracer(t, &sink, func(c *Config) { c.MaxGroups = 3 })
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		o := observe(provisioning.StatusPending, 1, "CN=Sales")
		o.GroupID = id
		require.NoError(t, tr.ConsumeLogs(t.Context(), emitted(o)))
	}
	require.Equal(t, 3, tr.cache.groups.Len())
}

func TestForeignRecordsAreLeftAlone(t *testing.T) {
	var sink consumertest.TracesSink
	tr := newTracer(t, &sink)
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.AppendEmpty().Body().SetStr("somebody else's")
	record.WriteQuarantined(&record.Quarantined{Reason: "bad"}, to.AppendEmpty())
	record.WriteReconciliation(&record.Reconciliation{Feed: provisioning.FeedREST, Hour: 1, ObservedAt: 2}, to.AppendEmpty())
	o := observe(provisioning.StatusSuccess, 1, "CN=Sales")
	record.WriteObservation(&o, to.AppendEmpty())
	require.NoError(t, tr.ConsumeLogs(t.Context(), logs))
	require.Zero(t, sink.SpanCount())
	require.Zero(t, tr.cache.groups.Len())
}

func TestConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	f := func(id component.ID, want *Config) {
		t.Helper()
		sub, err := conf.Sub(id.String())
		require.NoError(t, err)
		cfg := NewFactory().CreateDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, cfg.Validate())
		require.Equal(t, want, cfg)
	}
	f(component.NewID(metadata.Type), &Config{MaxGroups: 50_000})
	storage := component.MustNewIDWithName("file_storage", "state")
	f(component.NewIDWithName(metadata.Type, "full"), &Config{MaxGroups: 1000, Storage: &storage, CommittedIsFinished: true})
	require.ErrorContains(t, (&Config{}).Validate(), "max_groups is 0")
}
