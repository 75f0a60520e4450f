package provisioningparquetexporter

import (
	"context"
	"errors"
	"sync"
	"time"

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

	stop    context.CancelFunc
	keeping sync.WaitGroup
}

func newExporter(set exporter.Settings, cfg *Config) (*parquetExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &parquetExporter{config: cfg, logger: set.Logger, telemetry: telemetry}, nil
}

func (e *parquetExporter) start(ctx context.Context, _ component.Host) (err error) {
	if queue := e.config.Queue.Get(); queue == nil || queue.StorageID == nil {
		e.logger.Warn("sending_queue.storage is not set: what waits in memory is lost when the process is killed")
	}
	opt := archive.Options{Grace: e.config.Sealing.Grace, Retention: e.config.Retention}
	for _, h := range e.config.LegalHolds {
		opt.Holds = append(opt.Holds, archive.Hold{Tenant: h.Tenant, From: h.From, To: h.To})
	}
	if e.config.Sealing.Enabled {
		if opt.Keys, err = archive.LoadKeys(e.config.signingKey()); err != nil {
			return err
		}
	}
	if e.archive, err = archive.Open(e.config.Directory, opt); err != nil {
		return err
	}
	if e.archive.Cleaned > 0 {
		e.logger.Info("removed files that a crash left half written; their records are written again from the queue",
			zap.Int("files", e.archive.Cleaned))
	}
	if e.archive.KeyReplaced() {
		e.logger.Warn("the signing key is not the one that made the newest seal, and that one is not in the key file: provtrail verify needs both public keys",
			zap.String("signing_key", e.config.signingKey()))
	}
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = cancel
	e.keeping.Go(func() { e.keep(keeping) })
	return nil
}

func (e *parquetExporter) shutdown(context.Context) error {
	if e.archive == nil {
		return nil
	}
	e.stop()
	e.keeping.Wait()
	return e.archive.Close()
}

// keep notes that somebody watches over the archive, and seals hours that are over.
func (e *parquetExporter) keep(ctx context.Context) {
	tick := time.NewTicker(archive.AlivePeriod)
	defer tick.Stop()
	for {
		if err := e.archive.Alive(); err != nil {
			e.logger.Warn("cannot note that the archive is watched: this time may be sealed as a gap", zap.Error(err))
		}
		sealed, err := e.archive.SealDue(ctx)
		if n := len(sealed); n > 0 {
			e.telemetry.ExporterProvisioningParquetSealedHours.Add(ctx, int64(n))
			e.logger.Info("sealed", zap.Stringer("first", sealed[0]), zap.Stringer("last", sealed[n-1]), zap.Int("hours", n))
		}
		if err != nil && ctx.Err() == nil {
			e.logger.Error("cannot seal; it is tried again, and records go on to be stored", zap.Error(err), zap.Duration("again_in", archive.AlivePeriod))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// push stores a batch. Every error is worth a retry (a full disk, a missing right):
// what can never be stored as an activity is stored as quarantined data instead.
func (e *parquetExporter) push(ctx context.Context, logs plog.Logs) error {
	b := newBatch(logs, e.logger)
	written, err := e.archive.Write(ctx, b.Batch)
	e.telemetry.ExporterProvisioningParquetRows.Add(ctx, int64(written.Rows))
	e.telemetry.ExporterProvisioningParquetFiles.Add(ctx, int64(written.Files))
	e.telemetry.ExporterProvisioningParquetBytes.Add(ctx, written.Bytes)
	e.telemetry.ExporterProvisioningParquetLate.Add(ctx, int64(written.Late))
	if err != nil {
		return errors.Join(errStays, err)
	}
	e.telemetry.ExporterProvisioningParquetUnreadable.Add(ctx, int64(b.unreadable))
	e.telemetry.ExporterProvisioningParquetIgnored.Add(ctx, int64(b.ignored))
	return nil
}

var errStays = errors.New("the batch stays in the queue and is tried again; free the disk or mend its rights")
