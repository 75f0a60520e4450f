package provisioningclickhouseexporter

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
)

// shape is every table and view with its definition.
func shape(t *testing.T, f *fixture) string {
	t.Helper()
	return one[string](t, f, "SELECT arrayStringConcat(groupArray(create_table_query), ';') FROM "+
		"(SELECT create_table_query FROM system.tables WHERE database = ? ORDER BY name)", f.cfg.Database)
}

func TestMigrationsMayRunAtOnceAndAgain(t *testing.T) {
	f := start(t)
	var starting sync.WaitGroup
	for range 6 {
		other := startOn(t, serverOf(t), f.cfg.Database)
		starting.Go(func() { assertNoError(t, other.tables.ensure(t.Context())) })
	}
	starting.Wait()
	want := shape(t, f)
	require.Contains(t, want, "passwords_changed")
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, schema.Migrate(t.Context(), f.tables.server, f.cfg.target(), true))
	require.Equal(t, want, shape(t, f))
	require.Equal(t, uint64(len(schema.Migrations)), one[uint64](t, f, "SELECT count() FROM provisioning_schema_migrations FINAL"))
}

// startAt is a database with the tables of version n that holds what source holds.
func startAt(t *testing.T, n int, source *fixture) *fixture {
	f := start(t)
	require.NoError(t, f.conn.Exec(t.Context(), "CREATE TABLE provisioning_schema_migrations (version UInt32, applied_at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY version"))
	for _, m := range schema.Migrations[:n] {
		statements, err := m.Statements(f.cfg.target())
		require.NoError(t, err)
		for _, s := range statements {
			require.NoError(t, f.conn.Exec(t.Context(), s))
		}
		require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO provisioning_schema_migrations SELECT %d, now64(3)", m.Version)))
	}
	for _, table := range []string{"provisioning_observations", "provisioning_groups", "provisioning_quarantine", "provisioning_reconciliations"} {
		columns := one[string](t, f, "SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns WHERE database = ? AND table = ? AND default_kind = ''", f.cfg.Database, table)
		require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s.%s", table, columns, columns, source.cfg.Database, table)))
	}
	return f
}

// rows is every distinct row of every table and view; lookup has replaced rows, as long as they
// are not merged.
func rows(t *testing.T, f *fixture) map[string][]string {
	t.Helper()
	names := one[[]string](t, f, "SELECT groupArray(if(endsWith(engine, 'MergeTree'), concat(name, ' FINAL'), name)) FROM system.tables WHERE database = ? AND "+
		"engine != 'MaterializedView' AND name NOT IN ('provisioning_schema_migrations', 'failures', 'lookup')", f.cfg.Database)
	got := map[string][]string{}
	for _, name := range names {
		columns := "*"
		if name == "provisioning_reports FINAL" {
			columns = "* REPLACE (finalizeAggregation(observations) AS observations)"
		}
		got[name] = one[[]string](t, f, "SELECT arraySort(groupUniqArray(toString(tuple(*)))) FROM (SELECT "+columns+" FROM "+name+")")
	}
	return got
}

// TestMigratesFromEveryVersion: the tables and views of a database that held data at
// version n hold the same rows as one that had the newest version from the start, also
// when the data comes again.
func TestMigratesFromEveryVersion(t *testing.T) {
	list, groups := history(10)
	newest := start(t)
	require.NoError(t, newest.pushLogs(t.Context(), logsOf(list, groups)))
	want := rows(t, newest)
	require.Len(t, want, 21)
	for name := range want {
		require.NotEmpty(t, want[name], name)
	}
	for n := 1; n <= len(schema.Migrations); n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			f := startAt(t, n, newest)
			require.NoError(t, f.tables.ensure(t.Context()))
			require.Equal(t, want, rows(t, f), "stored before the migration")
			require.Equal(t, counts(t, newest), counts(t, f))
			require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
			require.Equal(t, want, rows(t, f), "sent again")
			require.Equal(t, counts(t, newest), counts(t, f))
		})
	}
}

// recording records the statements that a server runs.
type recording struct {
	schema.Server
	mu         sync.Mutex // guards statements
	statements []string
}

func (r *recording) Exec(ctx context.Context, sql string) error {
	r.mu.Lock()
	r.statements = append(r.statements, sql)
	r.mu.Unlock()
	return r.Server.Exec(ctx, sql)
}

// TestLaterMigrationsAreAppliedInOrderOnce: to tables with data, by two collectors that
// start at the same time, and not again by a third.
func TestLaterMigrationsAreAppliedInOrderOnce(t *testing.T) {
	f := start(t)
	list, groups := history(3)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	want := counts(t, f)

	released := schema.Migrations
	t.Cleanup(func() { schema.Migrations = released })
	first := uint32(len(released))
	schema.Migrations = append(slices.Clone(released),
		schema.Migration{Version: first + 1, SQL: `ALTER TABLE {{.Table "provisioning_groups"}} ADD COLUMN IF NOT EXISTS colour String DEFAULT 'none';
`},
		schema.Migration{Version: first + 2, SQL: `ALTER TABLE {{.Table "provisioning_groups"}} MODIFY COLUMN colour String DEFAULT 'blue';
`})
	migrate := func() []string {
		server := &recording{Server: f.tables.server}
		assertNoError(t, schema.Migrate(t.Context(), server, f.cfg.target(), false))
		return server.statements
	}
	var starting sync.WaitGroup
	for range 2 {
		starting.Go(func() { migrate() })
	}
	starting.Wait()
	require.Equal(t, "blue", one[string](t, f, "SELECT DISTINCT colour FROM provisioning_groups"))
	require.Equal(t, []uint32{first, first + 1, first + 2}, one[[]uint32](t, f, "SELECT arraySort(groupArray(version)) FROM provisioning_schema_migrations FINAL"))
	for _, statement := range migrate() {
		require.NotContains(t, statement, "colour", "applied again")
	}
	require.Equal(t, want, counts(t, f))
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, want, counts(t, f))
}

// cancelling cancels a batch's context when the migration begins.
type cancelling struct {
	schema.Server
	cancel context.CancelFunc
}

func (s cancelling) Exec(ctx context.Context, sql string) error {
	if strings.Contains(sql, "CREATE TABLE IF NOT EXISTS") && strings.Contains(sql, "provisioning_observations") {
		s.cancel()
	}
	return s.Server.Exec(ctx, sql)
}

// TestMigrationOutlivesItsBatch: a migration that takes longer than the batch waits is
// completed.
func TestMigrationOutlivesItsBatch(t *testing.T) {
	f := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, schema.Migrate(ctx, cancelling{f.tables.server, cancel}, f.cfg.target(), false), context.Canceled, "the batch gives up")
	require.Equal(t, uint64(len(schema.Migrations)), one[uint64](t, f, "SELECT count() FROM provisioning_schema_migrations FINAL"))
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "INSERT INTO provisioning_schema_migrations VALUES (99, now64(3))"))
	before := shape(t, f)
	f.tables.ready = false
	list, groups := history(1)
	err := f.pushLogs(t.Context(), logsOf(list, groups))
	var newer *schema.NewerError
	require.ErrorAs(t, err, &newer)
	require.ErrorContains(t, err, "schema version 99")
	require.Zero(t, one[uint64](t, f, "SELECT count() FROM provisioning_observations"))
	require.Equal(t, before, shape(t, f))
}

func TestWithoutCreateSchemaTheTablesMustBeThere(t *testing.T) {
	f := start(t)
	list, groups := history(1)
	f.tables.create = false
	require.Error(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	f.tables.create = true
	require.NoError(t, f.tables.ensure(t.Context()))
	f.tables.create, f.tables.ready = false, false
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
}

func TestTableDroppedByHandComesBack(t *testing.T) {
	f := start(t)
	list, groups := history(3)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.NoError(t, f.conn.Exec(t.Context(), "DROP TABLE provisioning_groups SYNC"))
	require.Error(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, uint64(3), one[uint64](t, f, "SELECT count() FROM groups"))
}
