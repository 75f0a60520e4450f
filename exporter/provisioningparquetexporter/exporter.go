package provisioningparquetexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
)

type parquetExporter struct {
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	archive   *archive.Archive
}

func newExporter(set exporter.Settings, cfg *Config) (*parquetExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &parquetExporter{config: cfg, logger: set.Logger, telemetry: telemetry}, nil
}

func (e *parquetExporter) start(context.Context, component.Host) (err error) {
	if queue := e.config.Queue.Get(); queue == nil || queue.StorageID == nil {
		e.logger.Warn("sending_queue.storage is not set: what waits in memory is lost when the process is killed")
	}
	e.archive, err = archive.Open(e.config.Directory, archive.Options{})
	if err == nil && e.archive.Cleaned > 0 {
		e.logger.Info("removed files that a crash left half written; their records are written again from the queue",
			zap.Int("files", e.archive.Cleaned))
	}
	return err
}

func (e *parquetExporter) shutdown(context.Context) error {
	if e.archive == nil {
		return nil
	}
	return e.archive.Close()
}

// push stores a batch. Every error is worth a retry (a full disk, a missing right):
// what can never be stored as an activity is stored as quarantined data instead.
func (e *parquetExporter) push(ctx context.Context, logs plog.Logs) error {
	b := newBatch(logs, e.logger)
	written, err := e.archive.Write(ctx, b.Batch)
	e.telemetry.ExporterProvisioningParquetRows.Add(ctx, int64(written.Rows))
	e.telemetry.ExporterProvisioningParquetFiles.Add(ctx, int64(written.Files))
	e.telemetry.ExporterProvisioningParquetBytes.Add(ctx, written.Bytes)
	if err != nil {
		return errors.Join(errStays, err)
	}
	e.telemetry.ExporterProvisioningParquetUnreadable.Add(ctx, int64(b.unreadable))
	e.telemetry.ExporterProvisioningParquetIgnored.Add(ctx, int64(b.ignored))
	return nil
}

var errStays = errors.New("the batch stays in the queue and is tried again; free the disk or mend its rights")
