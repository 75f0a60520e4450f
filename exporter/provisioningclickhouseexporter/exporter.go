package provisioningclickhouseexporter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/client"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning/record"
)

type clickhouseExporter struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	host      component.Host
	pool      *client.Pool
	tables    tables
	spare     freelist.List[*columns.Tables] // not in use
	failing   atomic.Bool                    // the component's status is an error
}

func newExporter(cfg *Config, set exporter.Settings) (*clickhouseExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &clickhouseExporter{
		cfg: cfg, log: set.Logger, telemetry: telemetry,
		spare: freelist.New[*columns.Tables](cfg.MaxConnections),
	}, nil
}

// start prepares; the first connection is made for the first batch.
func (e *clickhouseExporter) start(ctx context.Context, host component.Host) error {
	e.host = host
	var encryption *tls.Config
	if e.cfg.TLS.HasValue() {
		var err error
		if encryption, err = e.cfg.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return fmt.Errorf("tls: %w", err)
		}
	}
	options := client.Options{
		Addresses:      e.cfg.Endpoints,
		User:           e.cfg.Username,
		Password:       string(e.cfg.Password),
		TLS:            encryption,
		Compression:    compressions[e.cfg.Compression],
		MaxConnections: e.cfg.MaxConnections,
		DialTimeout:    e.cfg.DialTimeout,
		MaxIdle:        time.Minute,
	}
	e.pool = client.NewPool(options)
	e.tables = tables{create: e.cfg.CreateSchema, server: e.pool, target: e.cfg.target()}
	if cluster := e.cfg.Cluster.Get(); cluster != nil {
		e.tables.nodes = &nodes{cluster: cluster.Name, listed: cluster.Nodes, any: e.pool, log: e.log, open: func(address string) closedServer {
			one := options
			one.Addresses, one.MaxConnections = []string{address}, 1
			return client.NewPool(one)
		}}
	}
	return nil
}

func (e *clickhouseExporter) shutdown(context.Context) error {
	if e.pool != nil {
		e.pool.Close()
	}
	e.telemetry.Shutdown()
	return nil
}

// push stores a batch. Any error it returns means: send it again.
func (e *clickhouseExporter) push(ctx context.Context, records []*columnar.Batch) error {
	err := e.tables.ensure(ctx)
	if err == nil {
		err = e.store(ctx, records)
	}
	e.report(err)
	if err != nil {
		return fmt.Errorf("store %d records in ClickHouse at %s, database %s (kept and sent again): %w",
			columnar.Len(records), e.cfg.server(), e.cfg.Database, err)
	}
	return nil
}

// store inserts the records. Where the server refuses some for what they say, it
// halves until those are alone and puts them into the quarantine with the reason.
func (e *clickhouseExporter) store(ctx context.Context, records []*columnar.Batch) error {
	err := e.insertAll(ctx, records)
	if err == nil || classify(err) != refusesRows {
		e.tables.doubt(err)
		return err
	}
	if n := columnar.Len(records); n > 1 {
		head, tail := columnar.Split(records, n/2)
		return errors.Join(e.store(ctx, head), e.store(ctx, tail))
	}
	lr := columnar.Concat(records).Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	refused := columnar.NewBuilder(1)
	refused.Quarantined(record.Refuse(lr, fmt.Errorf("ClickHouse refused it: %w", err)))
	if err := e.insertAll(ctx, []*columnar.Batch{refused.Batch()}); err != nil {
		return fmt.Errorf("put a refused record into the quarantine: %w", err)
	}
	e.log.Warn("ClickHouse refused a record; it is in the quarantine", zap.Error(err))
	e.quarantined(ctx, 1, "refused")
	return nil
}

func (e *clickhouseExporter) insertAll(ctx context.Context, records []*columnar.Batch) error {
	tables := e.spare.Take(columns.NewTables)
	defer e.spare.Give(tables)
	for _, table := range tables {
		if table.Rows(records) == 0 {
			continue
		}
		if err := e.insert(ctx, table, records); err != nil {
			return err
		}
	}
	return nil
}

var insertSettings = []ch.Setting{
	ch.SettingInt("async_insert", 0),
	ch.SettingInt("insert_deduplicate", 1),
	// An insert that was cut off between a table and its views is completed, not skipped.
	ch.SettingInt("deduplicate_blocks_in_dependent_materialized_views", 1),
	// History read for the first time spans more days than the default allows.
	ch.SettingInt("max_partitions_per_insert_block", 0),
}

// In a cluster the server divides a block among the shards and answers when all have it.
var clusterInsertSettings = append(slices.Clone(insertSettings),
	ch.SettingInt("distributed_foreground_insert", 1))

// insert stores a table's rows, and what follows from them, in one synchronous insert.
func (e *clickhouseExporter) insert(ctx context.Context, to *columns.Table, records []*columnar.Batch) error {
	begin := time.Now()
	settings := insertSettings
	if e.cfg.Cluster.HasValue() {
		settings = clusterInsertSettings
	}
	settings = append(slices.Clone(settings),
		ch.Setting{Key: "insert_deduplication_token", Value: to.Token(records), Important: true})
	rows, bytes := to.Rows(records), 0
	err := e.pool.Do(ctx, func() ch.Query {
		next := to.Blocks(records)
		bytes = 0
		return ch.Query{
			Body:  "INSERT INTO " + e.cfg.target().Into(to.Name) + " (" + to.Names() + ") VALUES",
			Input: to.Input,
			OnInput: func(ctx context.Context) error {
				err := next(ctx)
				bytes += to.Bytes()
				return err
			},
			Settings: settings,
		}
	})
	outcome := "stored"
	if err != nil {
		outcome = "retried"
		if classify(err) == refusesRows {
			outcome = "refused"
		}
		err = fmt.Errorf("insert %d rows into %s: %w", rows, to.Name, err)
	}
	table := attribute.String("table", to.Name)
	e.telemetry.ProvisioningClickhouseInsertDuration.Record(ctx, time.Since(begin).Seconds(),
		metric.WithAttributes(table, attribute.String("outcome", outcome)))
	if err == nil {
		e.telemetry.ProvisioningClickhouseRows.Add(ctx, int64(rows), metric.WithAttributes(table))
		e.telemetry.ProvisioningClickhouseBytes.Add(ctx, int64(bytes), metric.WithAttributes(table))
	}
	return err
}

func (e *clickhouseExporter) quarantined(ctx context.Context, n int, cause string) {
	if n == 0 {
		return
	}
	e.telemetry.ProvisioningClickhouseQuarantinedRecords.Add(ctx, int64(n),
		metric.WithAttributes(attribute.String("cause", cause)))
}

// report tells the collector's health when it changes.
func (e *clickhouseExporter) report(err error) {
	if err != nil {
		if !e.failing.Swap(true) {
			componentstatus.ReportStatus(e.host, componentstatus.NewRecoverableErrorEvent(err))
		}
		return
	}
	if e.failing.Swap(false) {
		componentstatus.ReportStatus(e.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (c *Config) target() schema.Target {
	target := schema.Target{Database: c.Database, TTL: c.TTL, RollupTTL: c.RollupTTL, QuarantineTTL: c.QuarantineTTL}
	if cluster := c.Cluster.Get(); cluster != nil {
		target.Cluster = &schema.Cluster{Name: cluster.Name, Replicated: cluster.Replicated, Path: cluster.KeeperPath}
	}
	return target
}
