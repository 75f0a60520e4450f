package provisioningreceiver

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// sink gives one feed's batches to the next consumer and counts them.
type sink struct {
	*logsReceiver
	feed   provisioning.Feed
	parser *sailpoint.Parser
	report *receiverhelper.ObsReport
	host   component.Host

	// firstRetry and maxRetry bound the wait between two attempts.
	firstRetry, maxRetry time.Duration
}

// shutdownGrace is how long a call of the next consumer that is under way when
// the receiver stops may still take.
const shutdownGrace = 5 * time.Second

func (r *logsReceiver) sink(from provisioning.Feed) (*sink, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: r.set.ID, Transport: string(from), ReceiverCreateSettings: r.set,
	})
	if err != nil {
		return nil, err
	}
	return &sink{
		logsReceiver: r, feed: from, parser: r.parser(from), report: report,
		firstRetry: 100 * time.Millisecond, maxRetry: 30 * time.Second,
	}, nil
}

// batch is what is delivered at once.
type batch struct {
	sailpoint.Result
	quarantined []record.Quarantined
}

func (b *batch) reset() {
	b.Reset()
	b.quarantined = b.quarantined[:0]
}

func (b *batch) logs() plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	records := scope.LogRecords()
	records.EnsureCapacity(len(b.Observations) + len(b.quarantined))
	record.WriteObservations(b.Observations, records)
	for i := range b.quarantined {
		record.WriteQuarantined(&b.quarantined[i], records.AppendEmpty())
	}
	return logs
}

// quarantine moves what the dialect rejected into quarantine records. place tells
// where the document that begins at base stood.
func (s *sink) quarantine(b *batch, at pcommon.Timestamp, file string, base int64) {
	for i := range b.Rejected {
		x := &b.Rejected[i]
		b.quarantined = append(b.quarantined, record.Quarantined{
			Tenant: s.parser.Tenant, Feed: s.feed, Reason: x.Reason, Field: x.Field,
			File: file, Position: base + x.Offset, Size: x.Size, Original: x.Original, ObservedAt: at,
		})
	}
	b.Rejected = b.Rejected[:0]
}

// deliver returns once the next consumer has accepted the batch. It tries again
// for ever, also after an error that calls itself permanent: a receiver that
// moved on would lose data. Its only error is that ctx ended first; then nothing
// may be acknowledged.
func (s *sink) deliver(ctx context.Context, b *batch) error {
	s.countIgnored(ctx, b)
	n := len(b.Observations) + len(b.quarantined)
	if n == 0 {
		return nil
	}
	wait := &backoff.ExponentialBackOff{
		InitialInterval: s.firstRetry, MaxInterval: s.maxRetry,
		RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2,
	}
	for failed := false; ; failed = true {
		err := s.try(ctx, b, n)
		if err == nil {
			if failed {
				s.status(componentstatus.NewEvent(componentstatus.StatusOK))
			}
			s.countAccepted(ctx, b)
			return nil
		}
		permanent := consumererror.IsPermanent(err)
		s.telemetry.ReceiverProvisioningDeliveryRetries.Add(ctx, 1,
			metric.WithAttributes(attribute.String("feed", string(s.feed)), attribute.Bool("permanent", permanent)))
		next := wait.NextBackOff()
		if permanent {
			next = s.maxRetry
			s.set.Logger.Error("the next consumer refused the data and calls it permanent; feed "+string(s.feed)+
				" stands still and tries again, nothing is dropped: repair what the error names",
				zap.Error(err), zap.Int("records", n), zap.Duration("next_attempt_in", next))
		} else {
			s.set.Logger.Warn("the next consumer did not accept the data; feed "+string(s.feed)+" waits and tries again",
				zap.Error(err), zap.Int("records", n), zap.Duration("next_attempt_in", next))
		}
		s.status(componentstatus.NewRecoverableErrorEvent(err))
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(next):
		}
	}
}

// try calls the next consumer once. A call under way when the receiver stops may
// finish, within bounds.
func (s *sink) try(ctx context.Context, b *batch, n int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-call.Done():
		case <-time.After(shutdownGrace):
			cancel()
		}
	})
	defer stop()
	op := s.report.StartLogsOp(call)
	err := s.next.ConsumeLogs(op, b.logs())
	s.report.EndLogsOp(op, "provisioning", n, err)
	return err
}

func (s *sink) status(event *componentstatus.Event) {
	if s.host != nil {
		componentstatus.ReportStatus(s.host, event)
	}
}

func (s *sink) countIgnored(ctx context.Context, b *batch) {
	for _, x := range b.Ignored {
		s.telemetry.ReceiverProvisioningIgnored.Add(ctx, 1,
			metric.WithAttributes(attribute.String("feed", string(s.feed)), attribute.String("reason", x.Reason)))
		s.set.Logger.Debug("document is no change of access", zap.String("name", x.Name), zap.String("reason", x.Reason))
	}
	b.Ignored = b.Ignored[:0]
}

var dialects = [...]provisioning.Dialect{
	provisioning.DialectREST, provisioning.DialectSearch, provisioning.DialectEvent, provisioning.DialectTrigger,
}

func (s *sink) countAccepted(ctx context.Context, b *batch) {
	feed := attribute.String("feed", string(s.feed))
	only := metric.WithAttributeSet(attribute.NewSet(feed))
	now := time.Now()
	for _, d := range dialects {
		var all, unknown int64
		for i := range b.Observations {
			o := &b.Observations[i]
			if o.Dialect != d {
				continue
			}
			all++
			if o.ReportedStatus == provisioning.StatusUnset {
				unknown++
			}
			if o.OccurredAt != 0 {
				s.telemetry.ReceiverProvisioningDelay.Record(ctx, now.Sub(o.OccurredAt.AsTime()).Seconds(), only)
			}
		}
		if all == 0 {
			continue
		}
		both := metric.WithAttributeSet(attribute.NewSet(feed, attribute.String("dialect", string(d))))
		s.telemetry.ReceiverProvisioningObservations.Add(ctx, all, both)
		if unknown > 0 {
			s.telemetry.ReceiverProvisioningUnknownStatuses.Add(ctx, unknown, both)
		}
	}
	s.countUnknownWords(ctx, b)
	if n := int64(len(b.quarantined)); n > 0 {
		s.telemetry.ReceiverProvisioningQuarantined.Add(ctx, n, only)
	}
}
