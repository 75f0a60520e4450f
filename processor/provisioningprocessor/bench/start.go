package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor"
)

// start runs a processor with durable state as a collector would.
func start(ctx context.Context, o options, m *meter) (processor.Logs, func() error, error) {
	factory := provisioningprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningprocessor.Config)
	cfg.CacheSizeMiB = o.cacheMiB
	cfg.CheckInterval = time.Hour
	set := componenttest.NewNopTelemetrySettings()
	set.Logger = zap.NewNop()
	m.reader = sdkmetric.NewManualReader()
	set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(m.reader))

	if err := os.MkdirAll(o.directory, 0o700); err != nil {
		return nil, nil, err
	}
	extensions := host{}
	switch o.store {
	case "state":
		cfg.State = configoptional.Some(provisioningprocessor.StateConfig{Directory: o.directory, BlockCacheMiB: 64})
	case "file_storage":
		id := component.MustNewID("file_storage")
		storage, err := fileStorage(ctx, id, o.directory, set)
		if err != nil {
			return nil, nil, err
		}
		extensions[id] = storage
		cfg.Storage = &id
	case "memory":
	default:
		return nil, nil, fmt.Errorf("-store %s is none of state, file_storage, memory", o.store)
	}
	p, err := factory.CreateLogs(ctx, processor.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: set}, cfg, nowhere{})
	if err != nil {
		return nil, nil, err
	}
	if err := p.Start(ctx, extensions); err != nil {
		return nil, nil, err
	}
	return p, func() error {
		err := p.Shutdown(ctx)
		for _, e := range extensions {
			err = errors.Join(err, e.Shutdown(ctx))
		}
		return err
	}, nil
}

func fileStorage(ctx context.Context, id component.ID, directory string, set component.TelemetrySettings) (extension.Extension, error) {
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = directory, true
	e, err := factory.Create(ctx, extension.Settings{ID: id, TelemetrySettings: set}, cfg)
	if err != nil {
		return nil, err
	}
	return e, e.Start(ctx, host{})
}

// nowhere is the next consumer.
type nowhere struct{}

func (nowhere) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (nowhere) ConsumeLogs(context.Context, plog.Logs) error { return nil }

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// meter reads the processor's own metrics.
type meter struct{ reader *sdkmetric.ManualReader }

// cached is the number of groups in memory.
func (m *meter) cached(ctx context.Context) (int, error) {
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(ctx, &all); err != nil {
		return 0, err
	}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			if gauge, ok := metric.Data.(metricdata.Gauge[int64]); ok && metric.Name == "otelcol_processor_provisioning_groups_cached" {
				return int(gauge.DataPoints[0].Value), nil
			}
		}
	}
	return 0, nil
}
