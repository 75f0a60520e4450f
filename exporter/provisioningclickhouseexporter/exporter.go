package provisioningclickhouseexporter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/ch-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/client"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
)

type clickhouseExporter struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	host      component.Host
	pool      *client.Pool
	tables    tables
	batches   chan *columns.Batch // not in use; a sync.Pool would let go of their memory
	failing   atomic.Bool         // the component's status is an error
}

func newExporter(cfg *Config, set exporter.Settings) (*clickhouseExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &clickhouseExporter{
		cfg: cfg, log: set.Logger, telemetry: telemetry,
		batches: make(chan *columns.Batch, cfg.MaxConnections),
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
	e.pool = client.NewPool(client.Options{
		Addresses:      e.cfg.Endpoints,
		User:           e.cfg.Username,
		Password:       string(e.cfg.Password),
		TLS:            encryption,
		Compression:    compressions[e.cfg.Compression],
		MaxConnections: e.cfg.MaxConnections,
		DialTimeout:    e.cfg.DialTimeout,
		MaxIdle:        time.Minute,
	})
	e.tables = tables{create: e.cfg.CreateSchema, server: e.pool, target: e.cfg.target()}
	return nil
}

func (e *clickhouseExporter) shutdown(context.Context) error {
	if e.pool != nil {
		e.pool.Close()
	}
	e.telemetry.Shutdown()
	return nil
}

// push stores a request. Any error it returns means: send it again.
func (e *clickhouseExporter) push(ctx context.Context, logs plog.Logs) error {
	err := e.tables.ensure(ctx)
	if err == nil {
		err = e.store(ctx, columns.Records(logs), logs.LogRecordCount())
	}
	e.report(err)
	if err != nil {
		return fmt.Errorf("store %d records in ClickHouse at %s, database %s (kept and sent again): %w",
			logs.LogRecordCount(), e.cfg.server(), e.cfg.Database, err)
	}
	return nil
}

// store inserts the records. Where the server refuses some for what they say, it
// halves until those are alone and puts them into the quarantine with the reason.
func (e *clickhouseExporter) store(ctx context.Context, records iter.Seq[plog.LogRecord], n int) error {
	batch := e.take()
	defer e.give(batch)
	batch.Fill(records)
	err := e.insertAll(ctx, batch)
	if err == nil {
		e.quarantined(ctx, batch.Refused(), "unreadable")
		return nil
	}
	if classify(err) != refusesRows {
		e.tables.doubt(err)
		return err
	}
	list := slices.Collect(records)
	if n > 1 {
		return errors.Join(
			e.store(ctx, slices.Values(list[:n/2]), n/2),
			e.store(ctx, slices.Values(list[n/2:]), n-n/2),
		)
	}
	batch.Reset()
	batch.Quarantine.Refuse(list[0], fmt.Errorf("the server refused it: %w", err))
	if err := e.insert(ctx, &batch.Quarantine.Block); err != nil {
		return fmt.Errorf("put a refused record into the quarantine: %w", err)
	}
	e.log.Warn("ClickHouse refused a record; it is in the quarantine", zap.Error(err))
	e.quarantined(ctx, 1, "refused")
	return nil
}

func (e *clickhouseExporter) take() *columns.Batch {
	select {
	case batch := <-e.batches:
		return batch
	default:
		return columns.NewBatch()
	}
}

func (e *clickhouseExporter) give(batch *columns.Batch) {
	batch.Reset() // lets go of the records
	select {
	case e.batches <- batch:
	default:
	}
}

func (e *clickhouseExporter) insertAll(ctx context.Context, batch *columns.Batch) error {
	for _, block := range batch.Blocks() {
		if block.Rows() == 0 {
			continue
		}
		if err := e.insert(ctx, block); err != nil {
			return err
		}
	}
	return nil
}

// insert stores one block, and what follows from it, in one synchronous insert.
func (e *clickhouseExporter) insert(ctx context.Context, block *columns.Block) error {
	begin := time.Now()
	err := e.pool.Do(ctx, ch.Query{
		Body:  "INSERT INTO " + e.cfg.target().Table(block.Table) + " (" + block.Names() + ") VALUES",
		Input: block.Input,
		Settings: []ch.Setting{
			ch.SettingInt("async_insert", 0),
			ch.SettingInt("insert_deduplicate", 1),
			{Key: "insert_deduplication_token", Value: block.Token(), Important: true},
			// An insert that was cut off between a table and its views is completed, not skipped.
			ch.SettingInt("deduplicate_blocks_in_dependent_materialized_views", 1),
			// History read for the first time spans more days than the default allows.
			ch.SettingInt("max_partitions_per_insert_block", 0),
		},
	})
	outcome := "stored"
	if err != nil {
		outcome = "retried"
		if classify(err) == refusesRows {
			outcome = "refused"
		}
		err = fmt.Errorf("insert %d rows into %s: %w", block.Rows(), block.Table, err)
	}
	table := attribute.String("table", block.Table)
	e.telemetry.ProvisioningClickhouseInsertDuration.Record(ctx, time.Since(begin).Seconds(),
		metric.WithAttributes(table, attribute.String("outcome", outcome)))
	if err == nil {
		e.telemetry.ProvisioningClickhouseRows.Add(ctx, int64(block.Rows()), metric.WithAttributes(table))
		e.telemetry.ProvisioningClickhouseBytes.Add(ctx, int64(block.Bytes()), metric.WithAttributes(table))
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
	return schema.Target{Database: c.Database, TTL: c.TTL, RollupTTL: c.RollupTTL, QuarantineTTL: c.QuarantineTTL}
}
