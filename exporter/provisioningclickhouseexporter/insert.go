package provisioningclickhouseexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/ch-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// store inserts batches. Where the server refuses some records for their content, it
// bisects the batches until each refused record is alone, and quarantines that.
func (e *clickhouseExporter) store(ctx context.Context, batches []*columnar.Batch) error {
	err := e.insertAll(ctx, batches)
	if err == nil || classify(err) != refusesRows {
		e.tables.invalidate(err)
		return err
	}
	if n := columnar.Len(batches); n > 1 {
		head, tail := columnar.Split(batches, n/2)
		return errors.Join(e.store(ctx, head), e.store(ctx, tail))
	}
	lr := columnar.Concat(batches).Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	refused := columnar.NewBuilder(1)
	refused.Quarantined(record.Refuse(lr, fmt.Errorf("ClickHouse refused it: %w", err)))
	if err := e.insertAll(ctx, []*columnar.Batch{refused.Batch()}); err != nil {
		return fmt.Errorf("quarantine a refused record: %w", err)
	}
	e.log.Warn("ClickHouse refused a record for its content; it is quarantined.", zap.Error(err))
	e.quarantined(ctx, 1, "refused")
	return nil
}

func (e *clickhouseExporter) insertAll(ctx context.Context, batches []*columnar.Batch) error {
	tables := e.buffers.Get(columns.NewTables)
	defer e.buffers.Put(tables)
	for _, table := range tables {
		if table.Rows(batches) == 0 {
			continue
		}
		if err := e.insert(ctx, table, batches); err != nil {
			return err
		}
	}
	return nil
}

var insertSettings = []ch.Setting{
	ch.SettingInt("async_insert", 0),
	ch.SettingInt("insert_deduplicate", 1),
	// A repeated insert fills the views that an interrupted one did not fill.
	ch.SettingInt("deduplicate_blocks_in_dependent_materialized_views", 1),
	// A backfill has more days in an insert than the default allows.
	ch.SettingInt("max_partitions_per_insert_block", 0),
	// The first merge makes them: a file less to sync for each in every inserted part.
	ch.SettingInt("materialize_skip_indexes_on_insert", 0),
	ch.SettingInt("materialize_statistics_on_insert", 0),
	// Copies of a row are rare, and merges remove them: looking for them in each inserted
	// block as well takes a tenth of the server's time.
	ch.SettingInt("optimize_on_insert", 0),
}

// In a cluster the insert is acknowledged when all shards have stored their rows.
var clusterInsertSettings = append(slices.Clone(insertSettings),
	ch.SettingInt("distributed_foreground_insert", 1))

// insert stores a table's rows, and the rows that its materialized views make of them, in
// one synchronous insert.
func (e *clickhouseExporter) insert(ctx context.Context, to *columns.Table, batches []*columnar.Batch) error {
	begin := time.Now()
	settings := insertSettings
	if e.cfg.Cluster.HasValue() {
		settings = clusterInsertSettings
	}
	settings = append(slices.Clone(settings),
		ch.Setting{Key: "insert_deduplication_token", Value: e.token(to, batches), Important: true})
	rows, bytes := to.Rows(batches), 0
	err := e.pool.Do(ctx, func() ch.Query {
		next := to.Blocks(batches)
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
	e.telemetry.ProvisioningClickhouseQuarantinedRecords.Add(ctx, int64(n),
		metric.WithAttributes(attribute.String("cause", cause)))
}
