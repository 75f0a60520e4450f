package provisioningprocessor

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// metrics counts what took effect, and only that: a batch that is tried again
// counts once.
type metrics struct {
	builder *metadata.TelemetryBuilder

	mu    sync.Mutex // guards known
	known map[series]metric.MeasurementOption
}

// option returns a series' attributes, made once: there are few series.
func (m *metrics) option(s series) metric.MeasurementOption {
	m.mu.Lock()
	defer m.mu.Unlock()
	option, ok := m.known[s]
	if !ok {
		option = metric.WithAttributeSet(attribute.NewSet(s.attributes()...))
		m.known[s] = option
	}
	return option
}

// series is a metric's attributes; what a metric has no use for is empty.
type series struct{ status, outcome, source, operation, kind, feed, flag string }

func (s series) attributes() []attribute.KeyValue {
	all := [...]attribute.KeyValue{
		attribute.String("status", s.status), attribute.String("outcome", s.outcome), attribute.String("source", s.source),
		attribute.String("operation", s.operation), attribute.String("kind", s.kind),
		attribute.String("feed", s.feed), attribute.String("flag", s.flag),
	}
	some := make([]attribute.KeyValue, 0, len(all))
	for _, kv := range all {
		if kv.Value.AsString() != "" {
			some = append(some, kv)
		}
	}
	return some
}

// tally collects a transaction's counts, so that each series is added to once.
type tally map[series]int64

func (m *metrics) add(ctx context.Context, to metric.Int64Counter, t tally) {
	for s, n := range t {
		to.Add(ctx, n, m.option(s))
	}
}

func (m *metrics) applied(ctx context.Context, c *correlator, t *transaction) {
	transitions, observations, duplicates := tally{}, tally{}, tally{}
	unknown, odd, flagged := tally{}, tally{}, tally{}
	for _, feed := range t.duplicates {
		duplicates[series{feed: string(feed)}]++
	}
	for i := range t.updates {
		u := &t.updates[i]
		found := u.change
		known := change.NewLookup(found.Before)
		for n := range found.Records {
			r := &found.Records[n]
			if n >= len(found.Observed) {
				break
			}
			if found.Again[found.Observed[n]] {
				continue
			}
			source := cmp.Or(r.SourceName, r.SourceID)
			observations[series{feed: string(r.Feed)}]++
			if r.ReportedStatus == provisioning.StatusUnset {
				unknown[series{feed: string(r.Feed), source: source}]++
			}
			if r.Odd {
				odd[series{feed: string(r.Feed), source: source}]++
			}
			if r.Status != r.PreviousStatus {
				transitions[transition(r)]++
			}
		}
		for n := len(found.Observed); n < len(found.Records); n++ {
			r := &found.Records[n]
			if !r.FoldedInto.IsZero() {
				continue
			}
			before := known.Find(r.ActivityID)
			if (before == nil && r.Status != provisioning.StatusUnset) || (before != nil && before.Status != r.Status) {
				transitions[transition(r)]++
			}
			if turned(before, r, t.names.thresholds(c.thresholds, r.Tenant), u.before.Checked) {
				flagged[series{flag: flagOf(r), source: cmp.Or(r.SourceName, r.SourceID)}]++
			}
		}
		m.durations(ctx, &known, found.After)
	}
	b := m.builder
	m.add(ctx, b.ProcessorProvisioningTransitions, transitions)
	m.add(ctx, b.ProcessorProvisioningObservations, observations)
	m.add(ctx, b.ProcessorProvisioningDuplicates, duplicates)
	m.add(ctx, b.ProcessorProvisioningUnknownStatuses, unknown)
	m.add(ctx, b.ProcessorProvisioningOddTransitions, odd)
	m.add(ctx, b.ProcessorProvisioningFlagged, flagged)
	if t.unreadable > 0 {
		b.ProcessorProvisioningUnreadable.Add(ctx, int64(t.unreadable))
	}
	if t.adopted > 0 {
		b.ProcessorProvisioningTakenOverGroups.Add(ctx, int64(t.adopted))
	}
	if t.corrected != nil && len(t.updates) > 0 {
		b.ProcessorProvisioningCorrectedGroups.Add(ctx, int64(len(t.updates)))
	}
	if t.expired > 0 {
		b.ProcessorProvisioningExpiredGroups.Add(ctx, int64(t.expired))
	}
}

// turned reports whether a timer flagged the activity just now.
func turned(before *provisioning.Activity, r *record.Record, thresholds *change.Thresholds, checked pcommon.Timestamp) bool {
	return (r.Stalled || r.Overdue) && (before == nil || !thresholds.Flagged(before, checked))
}

func transition(r *record.Record) series {
	return series{
		status: r.Status.String(), outcome: string(r.Outcome), source: cmp.Or(r.SourceName, r.SourceID),
		operation: string(r.Operation), kind: string(r.Kind),
	}
}

func flagOf(r *record.Record) string {
	if r.Stalled {
		return "stalled"
	}
	return "overdue"
}

// durations records how long it took to commit and to verify, once each.
func (m *metrics) durations(ctx context.Context, before *change.Lookup, after []provisioning.Activity) {
	for i := range after {
		a := &after[i]
		if a.CommittedAt == 0 {
			continue
		}
		was := before.Find(a.ID)
		if was == nil {
			was = &nothing
		}
		if was.CommittedAt != 0 && (a.FinishedAt == 0 || was.FinishedAt != 0) {
			continue
		}
		s := series{source: sourceOf(a), kind: string(a.Kind)}
		if was.CommittedAt == 0 {
			since := a.RequestedAt
			if since == 0 {
				since = a.FirstAt
			}
			if d := a.CommittedAt.AsTime().Sub(since.AsTime()); d >= 0 {
				m.builder.ProcessorProvisioningTimeToCommit.Record(ctx, d.Seconds(), m.option(s))
			}
		}
		if a.FinishedAt != 0 && (was.FinishedAt == 0 || was.CommittedAt == 0) {
			if d := a.FinishedAt.AsTime().Sub(a.CommittedAt.AsTime()); d >= 0 {
				m.builder.ProcessorProvisioningTimeToVerify.Record(ctx, d.Round(time.Millisecond).Seconds(), m.option(s))
			}
		}
	}
}

var nothing provisioning.Activity

func (m *metrics) failed(ctx context.Context, step string) {
	m.builder.ProcessorProvisioningStoreErrors.Add(ctx, 1, metric.WithAttributes(attribute.String("step", step)))
}

// observe registers the gauges.
func (m *metrics) observe(c *correlator) error {
	bySource := func(value func(counts) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			for source, n := range *c.totals.Load() {
				o.Observe(value(n), metric.WithAttributes(attribute.String("source", source)))
			}
			return nil
		}
	}
	b := m.builder
	for _, err := range []error{
		b.RegisterProcessorProvisioningOpenCallback(bySource(func(c counts) int64 { return c.open })),
		b.RegisterProcessorProvisioningStalledCallback(bySource(func(c counts) int64 { return c.stalled })),
		b.RegisterProcessorProvisioningOverdueCallback(bySource(func(c counts) int64 { return c.overdue })),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *metrics) shutdown() { m.builder.Shutdown() }
