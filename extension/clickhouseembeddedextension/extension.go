package clickhouseembeddedextension

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/extension/clickhouseembeddedextension/internal/metadata"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

// RunChildIfAsked turns this process into the ClickHouse server when the extension of
// another process of the same program started it for that; it then never returns.
// Otherwise it does nothing. Call it first in main.
func RunChildIfAsked() { clickhouse.RunChildIfAsked() }

// embedded owns one ClickHouse engine from Start to Shutdown.
type embedded struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	// pingInterval is how often a running ClickHouse is asked whether it answers.
	pingInterval time.Duration

	engine *clickhouse.Engine
	stop   context.CancelFunc
	ended  chan error // the supervisor's last word
}

func newEmbedded(set extension.Settings, cfg *Config) (*embedded, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &embedded{cfg: cfg, log: set.Logger, telemetry: telemetry, pingInterval: 10 * time.Second}, nil
}

// Start returns once ClickHouse answers, so that every exporter finds it ready.
func (e *embedded) Start(ctx context.Context, host component.Host) error {
	engine, err := clickhouse.Open(ctx, e.cfg.Config, e.log)
	if err != nil {
		return err
	}
	process, err := engine.Start(ctx)
	if err != nil {
		return errors.Join(err, engine.Close())
	}
	e.log.Info("ClickHouse is running", zap.Stringer("program", engine.Program()), zap.Int("pid", process.Pid()),
		zap.String("native", engine.NativeAddr()), zap.String("http", engine.HTTPAddr()))

	// The collector cancels ctx when everything has started.
	supervised, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.engine, e.stop, e.ended = engine, stop, make(chan error, 1)
	go func() { e.ended <- e.supervise(supervised, host, process) }()
	return nil
}

// Shutdown stops ClickHouse cleanly and gives the directory up. Extensions are the last
// to be shut down: the exporters have written by now.
func (e *embedded) Shutdown(context.Context) error {
	if e.engine == nil {
		e.telemetry.Shutdown()
		return nil
	}
	e.stop()
	err := errors.Join(<-e.ended, e.engine.Close())
	e.telemetry.Shutdown()
	e.engine = nil
	return err
}
