package provisioningparquetexporter

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	_ "github.com/provtrail/provtrail/archive/drivers" // s3://, gs://, azblob://
	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/columnar"
)

type parquetExporter struct {
	config    *Config
	id        component.ID
	host      component.Host
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	// archive is nil until it is open: object storage may be unreachable at start.
	archive atomic.Pointer[archive.Archive]

	memory  *storageMemory // nil where no storage is configured
	stop    context.CancelFunc
	running sync.WaitGroup
	trouble trouble
	now     func() time.Time // nil: the system's clocks
}

func newExporter(set exporter.Settings, cfg *Config) (*parquetExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &parquetExporter{config: cfg, id: set.ID, logger: set.Logger, telemetry: telemetry}, nil
}

func (e *parquetExporter) start(ctx context.Context, host component.Host) error {
	e.host = host
	if queue := e.config.Queue.Get(); queue == nil || queue.StorageID == nil {
		e.logger.Warn("sending_queue.storage is not set: records that wait in memory are lost when the process is killed")
	}
	opt, err := e.options(ctx)
	if err != nil {
		return err
	}
	if !archive.IsURL(e.config.Directory) {
		if err := e.open(ctx, opt); err != nil {
			return err
		}
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = cancel
	e.running.Go(func() {
		if e.archive.Load() == nil && e.openRepeatedly(running, opt) != nil {
			return // stopped
		}
		e.maintain(running, e.archive.Load())
	})
	return nil
}

func (e *parquetExporter) options(ctx context.Context) (archive.Options, error) {
	opt := archive.Options{
		Grace: e.config.Sealing.Grace, Spool: e.config.Spool,
		Retention: e.config.Retention, RetentionNotice: e.config.RetentionNotice, Now: e.now,
		PersonalKeys: e.config.personalKeys(),
		Lost: func(hour archive.Hour, names []string) {
			e.logger.Error("files that were written into an hour were gone when it was sealed, which the seal states. "+
				"What ClickHouse has of their rows can be stored again: "+archive.Repair+". Stop the collector before.",
				zap.Stringer("hour", hour), zap.Strings("files", names))
		},
	}
	opt.PutBack = func(names []string) {
		e.logger.Warn("files of hours that are not sealed yet had been deleted; they were put back", zap.Strings("files", names))
	}
	for _, h := range e.config.LegalHolds {
		opt.Holds = append(opt.Holds, archive.Hold{Tenant: h.Tenant, Identity: h.Identity, Group: h.Group, From: h.From, To: h.To})
	}
	if e.config.Sealing.Enabled {
		opt.KeyFile = e.config.signingKey()
	}
	if e.config.StorageID != nil {
		var err error
		if e.memory, err = openMemory(ctx, e.host, *e.config.StorageID, e.id); err != nil {
			return opt, err
		}
		opt.Memories = append(opt.Memories, e.memory)
	}
	if e.config.Witness.File != "" {
		opt.Memories = append(opt.Memories, archive.Witness(e.config.Witness.File))
	}
	return opt, nil
}

func (e *parquetExporter) open(ctx context.Context, opt archive.Options) error {
	a, err := archive.Open(ctx, e.config.Directory, opt)
	if err != nil {
		return err
	}
	if a.Cleaned > 0 {
		e.logger.Info("removed incomplete files of a crash; their records are written again from the queue",
			zap.Int("files", a.Cleaned))
	}
	if a.KeyReplaced() {
		e.logger.Warn("the last seal was signed with a key that is not in the key file: provtrail verify needs both public keys",
			zap.String("signing_key", e.config.signingKey()))
	}
	e.archive.Store(a)
	if err := a.Refused(); err != nil {
		e.logger.Error("seals are missing: nothing is sealed until a person decides", zap.Error(err))
		componentstatus.ReportStatus(e.host, componentstatus.NewPermanentErrorEvent(err))
	}
	return nil
}

// openRepeatedly opens an archive in object storage, until it succeeds or the exporter
// stops.
func (e *parquetExporter) openRepeatedly(ctx context.Context, opt archive.Options) error {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = archive.HeartbeatPeriod
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, e.open(ctx, opt) },
		backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, next time.Duration) {
			e.logger.Error("cannot open the archive: records wait in the queue", zap.Error(err), zap.Duration("next_try_in", next))
		}))
	return err
}

func (e *parquetExporter) shutdown(ctx context.Context) (err error) {
	if e.stop != nil {
		e.stop()
		e.running.Wait()
	}
	if a := e.archive.Load(); a != nil {
		err = a.Close() //nolint:contextcheck // has a time limit of its own
	}
	if e.memory != nil {
		err = errors.Join(err, e.memory.client.Close(ctx))
	}
	return err
}

// maintain sends heartbeats and seals hours that are over, until the exporter stops.
func (e *parquetExporter) maintain(ctx context.Context, a *archive.Archive) {
	ticker := time.NewTicker(archive.HeartbeatPeriod)
	defer ticker.Stop()
	for {
		if err := a.Heartbeat(ctx); err != nil && ctx.Err() == nil {
			e.logger.Warn("heartbeat failed: this time may be sealed as a gap", zap.Error(err))
		}
		e.seal(ctx, a)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (e *parquetExporter) seal(ctx context.Context, a *archive.Archive) {
	sealed, err := a.SealDue(ctx)
	if n := len(sealed); n > 0 {
		e.telemetry.ExporterProvisioningParquetSealedHours.Add(ctx, int64(n))
		e.logger.Info("sealed", zap.Stringer("first", sealed[0]), zap.Stringer("last", sealed[n-1]), zap.Int("hours", n))
	}
	if err == nil {
		err = a.ClockSkew()
	}
	if ctx.Err() == nil {
		e.report(err)
	}
}

// push stores a batch. Every error is worth a retry (a full disk, a missing permission):
// a record that can never be stored as an activity is quarantined instead.
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
		return errors.Join(errKept, err)
	}
	groups := 0
	for _, b := range batches {
		groups += b.Groups.Len()
	}
	e.telemetry.ExporterProvisioningParquetIgnored.Add(ctx, int64(groups))
	return nil
}

// unreadable counts records that could not be read and are quarantined.
func (e *parquetExporter) unreadable(ctx context.Context, n int) {
	e.logger.Warn("log records could not be read and are quarantined; column reason says why", zap.Int("records", n))
	e.telemetry.ExporterProvisioningParquetUnreadable.Add(ctx, int64(n))
}

var (
	errKept    = errors.New("the batch stays in the queue and is retried: free disk space, correct permissions, or check the object storage")
	errNotOpen = errors.New("the archive is not open yet, see the log: the batch stays in the queue and is retried")
)
