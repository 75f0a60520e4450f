// Package delivery hands batches to the next consumer until it accepts them.
package delivery

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

// Delivery gives one feed's batches to the next consumer and counts them.
type Delivery struct {
	feed    provisioning.Feed
	logger  *zap.Logger
	next    consumer.Logs
	metrics *metadata.TelemetryBuilder
	report  *receiverhelper.ObsReport
	host    component.Host // nil before Start

	ignored, unreadable names

	// Retry bounds the wait between two attempts.
	Retry retry.Policy
}

// shutdownGrace is how long a call of the next consumer may still take when its context
// ends.
const shutdownGrace = 5 * time.Second

// New makes the delivery of a feed.
func New(feed provisioning.Feed, set receiver.Settings, metrics *metadata.TelemetryBuilder, next consumer.Logs) (*Delivery, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: string(feed), ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	return &Delivery{
		feed: feed, logger: set.Logger, next: next, metrics: metrics, report: report,
		Retry: retry.Policy{Initial: 100 * time.Millisecond, Max: 30 * time.Second},
	}, nil
}

// Start sets the host that the status is reported to. It comes before the first Deliver.
func (d *Delivery) Start(_ context.Context, host component.Host) error {
	d.host = host
	return nil
}

// Shutdown does nothing: deliveries end with their contexts.
func (d *Delivery) Shutdown(context.Context) error { return nil }

// Deliver returns nil once the next consumer has accepted the batch. It retries without
// limit, also after an error that calls itself permanent: a receiver that moved on would
// lose data. Its only error is the cause of ctx's end; then nothing may be acknowledged.
func (d *Delivery) Deliver(ctx context.Context, b *Batch) error {
	d.countIgnored(ctx, b)
	d.countUnreadable(ctx, b)
	if b.Len() == 0 {
		return nil
	}
	failed := false
	_, err := retry.Do(ctx, d.Retry, func() (struct{}, error) {
		return struct{}{}, d.send(ctx, b)
	}, func(err error, next time.Duration) {
		failed = true
		d.refused(ctx, err, b.Len(), next)
	})
	if err != nil {
		return err
	}
	if failed {
		d.ReportStatus(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	d.countAccepted(ctx, b)
	return nil
}

// refused reports that a batch was not accepted and is sent once more.
func (d *Delivery) refused(ctx context.Context, err error, records int, next time.Duration) {
	permanent := consumererror.IsPermanent(err)
	d.metrics.ReceiverProvisioningDeliveryRetries.Add(ctx, 1,
		metric.WithAttributes(attribute.String("feed", string(d.feed)), attribute.Bool("permanent", permanent)))
	level, message := zap.WarnLevel, "the next consumer did not accept the data; feed "+string(d.feed)+" waits and retries"
	if permanent {
		level, message = zap.ErrorLevel, "the next consumer refused the data with a permanent error; feed "+string(d.feed)+
			" waits and retries, nothing is dropped: correct what the error names"
	}
	d.logger.Log(level, message, zap.Error(err), zap.Int("records", records), zap.Duration("next_attempt_in", next))
	d.ReportStatus(componentstatus.NewRecoverableErrorEvent(err))
}

// send calls the next consumer once. A call that is under way when ctx ends may finish
// within shutdownGrace.
func (d *Delivery) send(ctx context.Context, b *Batch) error {
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
	op := d.report.StartLogsOp(call)
	err := d.next.ConsumeLogs(op, b.logs())
	d.report.EndLogsOp(op, metadata.Type.String(), b.Len(), err)
	return err
}

// ReportStatus reports the receiver's status to the host.
func (d *Delivery) ReportStatus(event *componentstatus.Event) {
	if d.host != nil {
		componentstatus.ReportStatus(d.host, event)
	}
}
