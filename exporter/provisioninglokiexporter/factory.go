package provisioninglokiexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/queuestorage"
)

// NewFactory creates the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability))
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Endpoint = "http://127.0.0.1:3100"
	client.Timeout = 30 * time.Second

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxElapsedTime = 0 // a limit would drop the batch when it is reached

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.BlockOnOverflow = true // a full queue holds the pipeline up instead of refusing
	queue.NumConsumers = 4
	batch := exporterhelper.NewDefaultBatchConfig()
	// Items, not bytes: the bytes sizer drops a record that is larger than max_size.
	batch.Sizer = exporterhelper.RequestSizerTypeItems
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = time.Second, 1000, 2000
	queue.Batch = configoptional.Some(batch)

	return &Config{
		ClientConfig:   client,
		RetryConfig:    retry,
		QueueConfig:    configoptional.Some(queue),
		Labels:         map[string]string{"service_name": "provtrail"},
		Timestamp:      timestampObserved,
		MaxRequestSize: 1 << 20,
	}
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	config := cfg.(*Config)
	e, err := newLokiExporter(config, set)
	if err != nil {
		return nil, err
	}
	made, err := exporterhelper.NewLogs(ctx, set, cfg, e.push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		// The HTTP client's timeout holds for each request; halving a refused batch takes several.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithRetry(config.RetryConfig),
		exporterhelper.WithQueue(config.QueueConfig),
	)
	return queuestorage.Wrap(set, made, err)
}
