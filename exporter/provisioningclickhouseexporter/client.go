package provisioningclickhouseexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Client stores records in ClickHouse as the exporter does, for programs that have them
// from elsewhere. Its methods may be called at the same time.
type Client struct {
	e        *clickhouseExporter
	unsynced bool // the tables are those of a collector that syncs what it inserts
}

// Connect opens a client with an exporter's configuration. It creates the tables and views
// unless the newest ones are there: those keep their TTLs, which the collector sets when it
// starts.
func Connect(ctx context.Context, cfg *Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	e, err := newExporter(cfg, exporter.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: component.TelemetrySettings{
		Logger: zap.NewNop(), MeterProvider: metricnoop.NewMeterProvider(), TracerProvider: tracenoop.NewTracerProvider(),
	}})
	if err != nil {
		return nil, err
	}
	// The server would skip what it has taken before and what was deleted since.
	e.renewRun()
	c := &Client{e: e}
	if err := e.connect(ctx, nil); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	version, err := schema.Check(ctx, e.pool, e.cfg.target())
	if err != nil || int(version) < len(schema.Migrations) {
		err = e.tables.ensure(ctx)
	} else {
		e.tables.ready = true
	}
	if err == nil && !cfg.syncs() {
		c.unsynced, err = schema.HasUnsyncedInserts(ctx, e.pool, cfg.target())
	}
	if err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

// Write stores batches. Storing them again changes nothing. After an error some rows may be
// stored.
func (c *Client) Write(ctx context.Context, batches []*columnar.Batch) error {
	if err := c.e.tables.ensure(ctx); err != nil {
		return err
	}
	err := c.e.storeAndSync(ctx, batches)
	if isMissing(err) { // dropped by hand
		if err = c.e.tables.ensure(ctx); err == nil {
			err = c.e.storeAndSync(ctx, batches)
		}
	}
	if err == nil && c.unsynced {
		err = c.Exec(ctx, "SYSTEM SYNC FILE CACHE") // all file systems of the server's machine
	}
	return err
}

// Exec runs a statement without a result.
func (c *Client) Exec(ctx context.Context, sql string) error { return c.e.pool.Exec(ctx, sql) }

// Strings runs a query whose only column is text.
func (c *Client) Strings(ctx context.Context, sql string) ([]string, error) {
	return c.e.pool.Strings(ctx, sql)
}

// Activities calls f with the activity records that a WHERE clause selects, each once.
func (c *Client) Activities(ctx context.Context, where string, f func(*record.Record) error) error {
	return c.e.pool.Do(ctx, columns.Query(record.Activities, c.All("provisioning_observations")+" FINAL WHERE "+where, f))
}

// Quarantined is Activities for quarantined data.
func (c *Client) Quarantined(ctx context.Context, where string, f func(*record.Quarantined) error) error {
	return c.e.pool.Do(ctx, columns.Query(record.Quarantine, c.All("provisioning_quarantine")+" FINAL WHERE "+where, f))
}

// Table is the quoted name of a table of one server.
func (c *Client) Table(name string) string { return c.e.cfg.target().Table(name) }

// All is the quoted name of a table, or of the one over all shards.
func (c *Client) All(table string) string { return c.e.cfg.target().Into(table) }

// Reconciliations is Activities for reconciliations.
func (c *Client) Reconciliations(ctx context.Context, where string, f func(*record.Reconciliation) error) error {
	return c.e.pool.Do(ctx, columns.Query(record.Reconciliations, c.All("provisioning_reconciliations")+" FINAL WHERE "+where, f))
}

// Clustered reports whether the tables are spread over a cluster.
func (c *Client) Clustered() bool { return c.e.cfg.Cluster.HasValue() }

// Close closes the connections.
func (c *Client) Close(ctx context.Context) error { return c.e.shutdown(ctx) }
