package provisioningparquetexporter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	_ "github.com/provtrail/provtrail/archive/drivers" // s3://, gs://, azblob://
	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/columnar"
)

type parquetExporter struct {
	config    *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	// archive is nil until it is open: object storage may be out of reach at start.
	archive atomic.Pointer[archive.Archive]

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
	opt := archive.Options{Grace: e.config.Sealing.Grace, Retention: e.config.Retention, Spool: e.config.Spool}
	for _, h := range e.config.LegalHolds {
		opt.Holds = append(opt.Holds, archive.Hold{Tenant: h.Tenant, From: h.From, To: h.To})
	}
	if e.config.Sealing.Enabled {
		opt.KeyFile = e.config.signingKey()
	}
	if !archive.IsURL(e.config.Directory) {
		if err := e.open(ctx, opt); err != nil {
			return err
		}
	}
	keeping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = cancel
	e.keeping.Go(func() { e.keep(keeping, opt) })
	return nil
}

func (e *parquetExporter) open(ctx context.Context, opt archive.Options) error {
	a, err := archive.Open(ctx, e.config.Directory, opt)
	if err != nil {
		return err
	}
	if a.Cleaned > 0 {
		e.logger.Info("removed files that a crash left half written; their records are written again from the queue",
			zap.Int("files", a.Cleaned))
	}
	if a.KeyReplaced() {
		e.logger.Warn("the signing key is not the one that made the newest seal, and that one is not in the key file: provtrail verify needs both public keys",
			zap.String("signing_key", e.config.signingKey()))
	}
	e.archive.Store(a)
	return nil
}

func (e *parquetExporter) shutdown(context.Context) error {
	if e.stop == nil {
		return nil
	}
	e.stop()
	e.keeping.Wait()
	if a := e.archive.Load(); a != nil {
		return a.Close() //nolint:contextcheck // has a time limit of its own
	}
	return nil
}

// keep opens the archive if need be, notes that somebody watches over it, and seals
// hours that are over.
func (e *parquetExporter) keep(ctx context.Context, opt archive.Options) {
	pause := openPause
	for {
		if a := e.archive.Load(); a != nil {
			e.watch(ctx, a)
			pause = archive.HeartbeatPeriod
		} else if err := e.open(ctx, opt); err == nil {
			continue
		} else if ctx.Err() == nil {
			e.logger.Error("cannot open the archive; it is tried again, and records wait in the queue", zap.Error(err), zap.Duration("again_in", pause))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// openPause is how long the exporter waits before it tries again to reach an
// archive in object storage.
const openPause = time.Second

func (e *parquetExporter) watch(ctx context.Context, a *archive.Archive) {
	if err := a.Heartbeat(ctx); err != nil && ctx.Err() == nil {
		e.logger.Warn("cannot note that the archive is watched: this time may be sealed as a gap", zap.Error(err))
	}
	sealed, err := a.SealDue(ctx)
	if n := len(sealed); n > 0 {
		e.telemetry.ExporterProvisioningParquetSealedHours.Add(ctx, int64(n))
		e.logger.Info("sealed", zap.Stringer("first", sealed[0]), zap.Stringer("last", sealed[n-1]), zap.Int("hours", n))
	}
	if err != nil && ctx.Err() == nil {
		e.logger.Error("cannot seal; it is tried again, and records go on to be stored", zap.Error(err), zap.Duration("again_in", archive.HeartbeatPeriod))
	}
}

// push stores a batch. Every error is worth a retry (a full disk, a missing right):
// what can never be stored as an activity is stored as quarantined data instead.
func (e *parquetExporter) push(ctx context.Context, batches []*columnar.Batch) error {
	a := e.archive.Load()
	if a == nil {
		return errNotOpen
	}
	written, err := a.WriteColumns(ctx, batches)
	e.telemetry.ExporterProvisioningParquetRows.Add(ctx, int64(written.Rows))
	e.telemetry.ExporterProvisioningParquetFiles.Add(ctx, int64(written.Files))
	e.telemetry.ExporterProvisioningParquetBytes.Add(ctx, written.Bytes)
	e.telemetry.ExporterProvisioningParquetLate.Add(ctx, int64(written.Late))
	if err != nil {
		return errors.Join(errStays, err)
	}
	groups := 0
	for _, b := range batches {
		groups += b.Groups.Len()
	}
	e.telemetry.ExporterProvisioningParquetIgnored.Add(ctx, int64(groups))
	return nil
}

// unreadable counts records that could not be read and are stored as quarantined data.
func (e *parquetExporter) unreadable(ctx context.Context, n int) {
	e.logger.Warn("log records are stored as quarantined data, not as activities: their reason says why", zap.Int("records", n))
	e.telemetry.ExporterProvisioningParquetUnreadable.Add(ctx, int64(n))
}

var (
	errStays   = errors.New("the batch stays in the queue and is tried again; free the disk, mend its rights, or see to the object storage")
	errNotOpen = errors.New("the archive is not open yet, the log says why: the batch stays in the queue and is tried again")
)
