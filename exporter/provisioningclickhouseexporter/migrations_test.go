package provisioningclickhouseexporter

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
	require.NoError(t, schema.Migrate(t.Context(), f.pool, f.cfg.target(), true))
	require.Equal(t, want, shape(t, f))
	require.Equal(t, uint64(len(schema.Migrations)), one[uint64](t, f, "SELECT count() FROM provisioning_schema_migrations FINAL"))
}

// TestMigratesFromEveryEarlierVersion: with data in the tables of version n, the
// newest version's views tell the same as if it had been there from the start.
func TestMigratesFromEveryEarlierVersion(t *testing.T) {
	list, groups := history(10)
	whole := start(t)
	require.NoError(t, whole.pushLogs(t.Context(), logsOf(list, groups)))
	for n := 1; n < len(schema.Migrations); n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			f := start(t)
			require.NoError(t, f.conn.Exec(t.Context(), "CREATE TABLE provisioning_schema_migrations (version UInt32, name String, applied_at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY version"))
			for _, m := range schema.Migrations[:n] {
				statements, err := m.Statements(f.cfg.target())
				require.NoError(t, err)
				for _, s := range statements {
					require.NoError(t, f.conn.Exec(t.Context(), s))
				}
				require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO provisioning_schema_migrations SELECT %d, 'x', now64(3)", m.Version)))
			}
			for _, table := range []string{"provisioning_observations", "provisioning_groups", "provisioning_quarantine"} {
				columns := one[string](t, f, "SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns WHERE database = ? AND table = ?", f.cfg.Database, table)
				require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s.%s", table, columns, columns, whole.cfg.Database, table)))
			}
			require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
			require.Equal(t, counts(t, whole), counts(t, f))
		})
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "INSERT INTO provisioning_schema_migrations VALUES (99, 'future', now64(3))"))
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

func TestTTLFollowsTheConfiguration(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL, c.RollupTTL = 7*day, 30*day })
	ttl := func(table string) string {
		engine := one[string](t, f, "SELECT engine_full FROM system.tables WHERE database = ? AND name = ?", f.cfg.Database, table)
		_, after, _ := strings.Cut(engine, " TTL ")
		clause, _, _ := strings.Cut(after, " SETTINGS ")
		return clause
	}
	list, groups := history(1)
	for i := range list {
		list[i].ObservedAt = monday // long ago, or soon
	}
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Equal(t, "toDateTime(observed_at) + toIntervalSecond(604800)", ttl("provisioning_observations"))
	require.Equal(t, "hour + toIntervalSecond(2592000)", ttl("provisioning_hourly"))

	f.tables.target.TTL, f.tables.ready = maxTTL, false
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, "toDateTime(observed_at) + toIntervalSecond(1576800000)", ttl("provisioning_activities"))
	f.tables.target.TTL, f.tables.target.RollupTTL, f.tables.ready = 0, 0, false
	require.NoError(t, f.tables.ensure(t.Context()))
	for _, table := range []string{"provisioning_observations", "provisioning_activities", "provisioning_groups", "provisioning_hourly"} {
		require.Empty(t, ttl(table))
	}
	require.Equal(t, uint64(4), one[uint64](t, f, "SELECT count() FROM observations"))

	f.tables.target.TTL, f.tables.ready = time.Second, false
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Eventually(t, func() bool {
		_ = f.conn.Exec(t.Context(), "OPTIMIZE TABLE provisioning_observations FINAL")
		return one[uint64](t, f, "SELECT count() FROM observations") == 0 || time.Now().Before(monday.AsTime())
	}, 20*time.Second, 100*time.Millisecond, "what is older than the TTL goes")
}
