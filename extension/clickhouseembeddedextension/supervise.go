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

// endingTime is how long a process that does not answer may take to end: only then does it
// hang.
const endingTime = time.Second

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
		if e.watch(ctx, host, process); ctx.Err() != nil {
			return process.Stop(context.WithoutCancel(ctx))
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

// watch returns when the process has ended or ctx is done. Meanwhile it reports a process
// that runs and does not answer, which no exporter notices while there is nothing to send.
// Such a process is not ended: it may be busy.
func (e *embedded) watch(ctx context.Context, host component.Host, process *clickhouse.Process) {
	ticker := time.NewTicker(e.pingInterval)
	defer ticker.Stop()
	var silent time.Time // since when it does not answer; zero while it does
	for {
		select {
		case <-ctx.Done():
			return
		case <-process.Done():
			return
		case <-ticker.C:
		}
		err := e.engine.Ping(ctx)
		if err != nil { // one that was killed resets connections before its end is seen
			select {
			case <-process.Done():
				return
			case <-ctx.Done():
				return
			case <-time.After(endingTime):
			}
		}
		switch {
		case ctx.Err() != nil:
		case err != nil && silent.IsZero():
			silent = time.Now()
			err = fmt.Errorf("ClickHouse process %d runs and does not answer: %w", process.Pid(), err)
			e.log.Warn("ClickHouse does not answer; records wait in the exporters' queues", zap.Error(err))
			componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
		case err == nil && !silent.IsZero():
			e.log.Info("ClickHouse answers again", zap.Duration("after", time.Since(silent).Round(time.Second)))
			componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
			silent = time.Time{}
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
