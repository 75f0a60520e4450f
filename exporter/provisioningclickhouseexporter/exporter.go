package provisioningclickhouseexporter

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/client"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/internal/secretfile"
)

type clickhouseExporter struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	pool      *client.Pool
	tables    tables
	buffers   freelist.List[*columns.Tables]
	outage    outage
	// run is a prefix of the tokens by which the server recognises repeated inserts; nil for none.
	run atomic.Pointer[string]

	cancel    context.CancelFunc // ends preparing
	preparing sync.WaitGroup
}

func newExporter(cfg *Config, set exporter.Settings) (*clickhouseExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &clickhouseExporter{
		cfg: cfg, log: set.Logger, telemetry: telemetry,
		buffers: make(freelist.List[*columns.Tables], 2),
	}, nil
}

// start creates the tables and views, so that they can be queried before the first
// record. It does not fail where the server does not answer: the tables are then created
// in the background or for the first batch, whichever is first.
func (e *clickhouseExporter) start(ctx context.Context, host component.Host) error {
	if err := e.connect(ctx, host); err != nil {
		return err
	}
	ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	tried := make(chan struct{})
	e.preparing.Go(func() { e.prepare(ctx, tried) })
	select {
	case <-tried:
	case <-time.After(e.cfg.DialTimeout):
	}
	return nil
}

// connect makes the pool; it connects to no server yet.
func (e *clickhouseExporter) connect(ctx context.Context, host component.Host) error {
	e.outage.host = host
	e.outage.log = e.log.With(zap.String("server", e.cfg.server()), zap.String("database", e.cfg.Database))
	password, err := secretfile.Password(e.cfg.Password, "password_file", e.cfg.PasswordFile)
	if err != nil {
		return err
	}
	var encryption *tls.Config
	if e.cfg.TLS.HasValue() {
		if encryption, err = e.cfg.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return fmt.Errorf("tls: %w", err)
		}
	}
	options := client.Options{
		Addresses:      e.cfg.Endpoints,
		User:           e.cfg.Username,
		Password:       password,
		TLS:            encryption,
		Compression:    compressions[e.cfg.Compression],
		MaxConnections: e.cfg.MaxConnections,
		DialTimeout:    e.cfg.DialTimeout,
	}
	if e.pool, err = client.NewPool(options); err != nil {
		return fmt.Errorf("max_connections: %w", err)
	}
	e.tables.create, e.tables.server, e.tables.target = e.cfg.CreateSchema, e.pool, e.cfg.target()
	if e.cfg.syncs() {
		e.renewRun()
		e.tables.syncDirectory = e.cfg.SyncDirectory
	}
	if cluster := e.cfg.Cluster.Get(); cluster != nil {
		connect := func(address string) (closableServer, error) {
			one := options
			one.Addresses, one.MaxConnections = []string{address}, 1
			return client.NewPool(one)
		}
		e.tables.nodes = &nodes{cluster: cluster.Name, listed: cluster.Nodes, any: e.pool, log: e.log, connect: connect}
	}
	return nil
}

// prepareInterval is the time between two attempts to create the tables before the first
// record.
const prepareInterval = 5 * time.Second

// prepare creates the tables. It closes tried after the first attempt, and goes on until
// an attempt succeeds or ctx is done. Then it keeps them free of what is expired.
func (e *clickhouseExporter) prepare(ctx context.Context, tried chan<- struct{}) {
	err := e.tables.ensure(ctx)
	e.outage.report(err)
	close(tried)
	for err != nil {
		select {
		case <-time.After(prepareInterval):
			err = e.tables.ensure(ctx)
			e.outage.report(err)
		case <-ctx.Done():
			return
		}
	}
	e.expire(ctx)
}

func (e *clickhouseExporter) shutdown(context.Context) error {
	if e.cancel != nil {
		e.cancel()
		e.preparing.Wait()
	}
	if e.pool != nil {
		e.pool.Close()
	}
	e.telemetry.Shutdown()
	return nil
}

// push stores batches. An error has them sent again.
func (e *clickhouseExporter) push(ctx context.Context, batches []*columnar.Batch) error {
	err := e.tables.ensure(ctx)
	if err == nil {
		err = e.storeAndSync(ctx, batches)
	}
	e.outage.report(err)
	if err != nil {
		return fmt.Errorf("store %d records in ClickHouse at %s, database %s (kept and sent again): %w",
			columnar.Len(batches), e.cfg.server(), e.cfg.Database, err)
	}
	return nil
}

func (c *Config) target() schema.Target {
	target := schema.Target{Database: c.Database, TTL: c.TTL, RollupTTL: c.RollupTTL, QuarantineTTL: c.QuarantineTTL, UnsyncedInserts: c.syncs()}
	if cluster := c.Cluster.Get(); cluster != nil {
		target.Cluster = &schema.Cluster{Name: cluster.Name, Replicated: cluster.Replicated, Path: cluster.KeeperPath}
	}
	return target
}
