package main

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor"
)

// start runs a processor with durable state as a collector would.
func start(ctx context.Context, o options) (processor.Logs, error) {
	factory := provisioningprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningprocessor.Config)
	cfg.CheckInterval = time.Hour
	set := componenttest.NewNopTelemetrySettings()
	set.Logger = zap.NewNop()

	if err := os.MkdirAll(o.directory, 0o700); err != nil {
		return nil, err
	}
	if !o.memory {
		cfg.State = configoptional.Some(provisioningprocessor.StateConfig{Directory: o.directory, CacheSizeMiB: o.cacheMiB})
	}
	p, err := factory.CreateLogs(ctx, processor.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: set}, cfg, nowhere{})
	if err != nil {
		return nil, err
	}
	return p, p.Start(ctx, componenttest.NewNopHost())
}

// nowhere is the next consumer.
type nowhere struct{}

func (nowhere) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (nowhere) ConsumeLogs(context.Context, plog.Logs) error { return nil }
