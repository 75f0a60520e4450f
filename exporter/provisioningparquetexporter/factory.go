package provisioningparquetexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/exportqueue"
)

// NewFactory makes the exporter's factory.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability))
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	e, err := newExporter(set, config.(*Config))
	if err != nil {
		return nil, err
	}
	return e.logs(ctx, set)
}

// logs puts the queue before the exporter.
func (e *parquetExporter) logs(ctx context.Context, set exporter.Settings) (exporter.Logs, error) {
	cfg := e.config
	return exportqueue.NewLogs(ctx, set, e.push, e.unreadable, cfg.Queue,
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}), // none: a slow disk is not helped by giving up
		exporterhelper.WithRetry(cfg.Retry),
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown))
}
