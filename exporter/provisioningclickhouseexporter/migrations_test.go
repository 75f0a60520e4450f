package provisioningclickhouseexporter

import (
	"context"
	"fmt"
	"os"
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

// startAt is a database with the tables of version n, filled from whole as its collector
// would have filled them.
func startAt(t *testing.T, n int, whole *fixture) *fixture {
	f := start(t)
	require.NoError(t, f.conn.Exec(t.Context(), "CREATE TABLE provisioning_schema_migrations (version UInt32, name String, applied_at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY version"))
	for _, m := range schema.Migrations[:n] {
		statements, err := m.Statements(f.cfg.target())
		require.NoError(t, err)
		for _, s := range statements {
			require.NoError(t, f.conn.Exec(t.Context(), s))
		}
		if m.Version == 1 && n < 7 {
			activities, err := os.ReadFile("testdata/activities_6.sql")
			require.NoError(t, err)
			for s := range strings.SplitSeq(string(activities), ";\n\n") {
				require.NoError(t, f.conn.Exec(t.Context(), s))
			}
		}
		require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO provisioning_schema_migrations SELECT %d, 'x', now64(3)", m.Version)))
	}
	for _, table := range []string{"provisioning_observations", "provisioning_groups", "provisioning_quarantine"} {
		columns := one[string](t, f, "SELECT arrayStringConcat(groupArray(name), ', ') FROM system.columns WHERE database = ? AND table = ?", f.cfg.Database, table)
		require.NoError(t, f.conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s.%s", table, columns, columns, whole.cfg.Database, table)))
	}
	return f
}

// rows is every distinct row of every view, and of every table that is still filled.
func rows(t *testing.T, f *fixture) map[string][]string {
	t.Helper()
	names := one[[]string](t, f, "SELECT groupArray(if(endsWith(engine, 'MergeTree'), concat(name, ' FINAL'), name)) FROM system.tables WHERE database = ? AND "+
		"engine != 'MaterializedView' AND name NOT IN ('provisioning_schema_migrations', 'provisioning_activities_6', 'provisioning_hourly')", f.cfg.Database)
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

// TestMigratesFromEveryEarlierVersion: with data in the tables of version n, the newest
// version's tables and views hold the same as if it had been there from the start, with
// what came before and when it comes once more.
func TestMigratesFromEveryEarlierVersion(t *testing.T) {
	list, groups := history(10)
	whole := start(t)
	require.NoError(t, whole.pushLogs(t.Context(), logsOf(list, groups)))
	want := rows(t, whole)
	require.Len(t, want, 17)
	for name := range want {
		require.NotEmpty(t, want[name], name)
	}
	// What version 4 added to an observation does not come out of the versions before.
	for n := 1; n < len(schema.Migrations); n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			f := startAt(t, n, whole)
			require.NoError(t, f.tables.ensure(t.Context()))
			require.Equal(t, want, rows(t, f), "what was stored before")
			require.Equal(t, counts(t, whole), counts(t, f))
			require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
			require.Equal(t, want, rows(t, f), "and once more")
			require.Equal(t, counts(t, whole), counts(t, f))
		})
	}
}

// TestHoursOutliveTheirObservations: what the rollup of version 6 knew of hours whose
// observations have expired is still to be seen.
func TestHoursOutliveTheirObservations(t *testing.T) {
	list, groups := history(10)
	whole := start(t)
	require.NoError(t, whole.pushLogs(t.Context(), logsOf(list, groups)))
	f := startAt(t, 6, whole)
	require.NoError(t, f.conn.Exec(t.Context(), "TRUNCATE TABLE provisioning_observations"))
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Equal(t, counts(t, whole)["status_hourly"], counts(t, f)["status_hourly"])
	require.Equal(t, counts(t, whole)["dimensions"], counts(t, f)["dimensions"])
}

// cancelling cancels a batch's context with the first statement.
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

// TestMigrationOutlivesItsBatch: what is stored may take longer to be copied than a batch
// waits for.
func TestMigrationOutlivesItsBatch(t *testing.T) {
	f := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, schema.Migrate(ctx, cancelling{f.pool, cancel}, f.cfg.target(), false), context.Canceled, "the batch gives up")
	require.Equal(t, uint64(len(schema.Migrations)), one[uint64](t, f, "SELECT count() FROM provisioning_schema_migrations FINAL"))
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

// TestTableOfEarlierVersionsIsSetAside: with its rows, and nothing needs it any more.
func TestTableOfEarlierVersionsIsSetAside(t *testing.T) {
	list, groups := history(3)
	whole := start(t)
	require.NoError(t, whole.pushLogs(t.Context(), logsOf(list, groups)))
	f := startAt(t, 6, whole)
	before := one[uint64](t, f, "SELECT count() FROM provisioning_activities FINAL")
	require.NotZero(t, before)
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Equal(t, before, one[uint64](t, f, "SELECT count() FROM provisioning_activities_6 FINAL"))
	require.NoError(t, f.conn.Exec(t.Context(), "DROP TABLE provisioning_activities_6 SYNC"))
	require.NoError(t, schema.Migrate(t.Context(), f.pool, f.cfg.target(), true))
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list[:4], nil)))
	require.Equal(t, before, one[uint64](t, f, "SELECT count() FROM provisioning_activities FINAL"))
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
	require.Equal(t, "hour + toIntervalSecond(2592000)", ttl("provisioning_transitions"))
	require.Equal(t, "toDateTime(occurred_at) + toIntervalSecond(2592000)", ttl("provisioning_errors"))

	f.tables.target.TTL, f.tables.ready = maxTTL, false
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, "toDateTime(observed_at) + toIntervalSecond(1576800000)", ttl("provisioning_activities"))
	f.tables.target.TTL, f.tables.target.RollupTTL, f.tables.ready = 0, 0, false
	require.NoError(t, f.tables.ensure(t.Context()))
	for _, table := range []string{"observations", "activities", "groups", "transitions", "reports", "errors"} {
		require.Empty(t, ttl("provisioning_"+table))
	}
	require.Equal(t, uint64(4), one[uint64](t, f, "SELECT count() FROM observations"))

	f.tables.target.TTL, f.tables.ready = time.Second, false
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Eventually(t, func() bool {
		_ = f.conn.Exec(t.Context(), "OPTIMIZE TABLE provisioning_observations FINAL")
		return one[uint64](t, f, "SELECT count() FROM observations") == 0 || time.Now().Before(monday.AsTime())
	}, 20*time.Second, 100*time.Millisecond, "what is older than the TTL goes")
}
