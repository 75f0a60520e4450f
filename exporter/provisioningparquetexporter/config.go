package provisioningparquetexporter

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// Config of the exporter.
type Config struct {
	// Directory is the archive's folder.
	Directory string `mapstructure:"directory"`

	Retry configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Validate names the setting that is wrong.
func (c *Config) Validate() error {
	if c.Directory == "" {
		return errors.New("`directory` must name the archive's folder")
	}
	return nil
}

// Batches are counted in bytes, so that one with large documents takes no more
// memory than another. A laptop's trickle makes a file every few seconds, a flood
// makes files of some megabytes; sealing an hour joins them.
const (
	queueBytes    = 256 << 20
	minBatchBytes = 16 << 20
	maxBatchBytes = 32 << 20
	flushTimeout  = 5 * time.Second
)

func createDefaultConfig() component.Config {
	batch := exporterhelper.NewDefaultBatchConfig()
	batch.Sizer = exporterhelper.RequestSizerTypeBytes
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = flushTimeout, minBatchBytes, maxBatchBytes

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = queueBytes
	queue.NumConsumers = 2
	queue.BlockOnOverflow = true
	queue.Batch = configoptional.Some(batch)

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxInterval = 30 * time.Second
	retry.MaxElapsedTime = 0 // without limit: a full disk is no reason to drop

	return &Config{Directory: "./data/archive", Retry: retry, Queue: configoptional.Some(queue)}
}
