package clickhouseembeddedextension

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clickhouse"
)

// steady is how long ClickHouse must run for its next end to be the first again.
const steady = time.Minute

func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 100 * time.Millisecond
	b.MaxInterval = 30 * time.Second
	return b
}

// supervise keeps ClickHouse running until ctx is done, and then stops it.
func (e *embedded) supervise(ctx context.Context, host component.Host, process *clickhouse.Process) error {
	delays := newBackOff()
	for {
		started := time.Now()
		select {
		case <-ctx.Done():
			return process.Stop(context.WithoutCancel(ctx))
		case <-process.Done():
		}
		if time.Since(started) > steady {
			delays.Reset()
		}
		reason := fmt.Errorf("ClickHouse process %d ended by itself: %w", process.Pid(), process.Err())
		if process = e.restart(ctx, host, delays, reason); process == nil {
			return nil
		}
	}
}

// restart tries until ClickHouse runs again; it returns nil when ctx is done before.
// Exporters keep their data in their queues and try again meanwhile.
func (e *embedded) restart(ctx context.Context, host component.Host, delays *backoff.ExponentialBackOff, reason error) *clickhouse.Process {
	for {
		delay := delays.NextBackOff()
		e.log.Error("ClickHouse is down and will be started again", zap.Error(reason), zap.Duration("in", delay))
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(reason))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
		process, err := e.engine.Start(ctx)
		if err == nil {
			e.telemetry.ClickhouseEmbeddedRestarts.Add(ctx, 1)
			e.log.Info("ClickHouse is running again", zap.Int("pid", process.Pid()))
			componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
			return process
		}
		reason = err
	}
}
