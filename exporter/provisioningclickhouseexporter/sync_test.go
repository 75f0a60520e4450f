//go:build linux

package provisioningclickhouseexporter

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/columnar"
)

// tablesWith counts the tables, besides that of the migrations, that have settings.
func tablesWith(t *testing.T, f *fixture, settings string) uint64 {
	t.Helper()
	return one[uint64](t, f, "SELECT count() FROM system.tables WHERE database = ? AND position(engine_full, ?) > 0 AND name != 'provisioning_schema_migrations'",
		f.cfg.Database, settings)
}

// syncsOf is the number of files and directories that the server synced for inserts.
func syncsOf(t *testing.T, f *fixture) uint64 {
	t.Helper()
	require.NoError(t, f.conn.Exec(t.Context(), "SYSTEM FLUSH LOGS"))
	return one[uint64](t, f, "SELECT sum(ProfileEvents['FileSync'] + ProfileEvents['DirectorySync']) FROM system.query_log "+
		"WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND position(query, 'VALUES') > 0 AND has(databases, ?)", f.cfg.Database)
}

// TestInsertsAreSyncedByTheExporterOrTheServer: the tables follow the setting.
func TestInsertsAreSyncedByTheExporterOrTheServer(t *testing.T) {
	list, groups := history(2)
	dir := t.TempDir() // the server's files are in another temporary folder
	f := start(t, func(c *Config) { c.SyncDirectory = dir })
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list[:4], groups[:2])))
	require.Zero(t, syncsOf(t, f))
	unsynced := tablesWith(t, f, "fsync_after_insert = 0, fsync_part_directory = 0, min_rows_to_fsync_after_merge = 1")
	require.GreaterOrEqual(t, unsynced, uint64(8))

	other := startOn(t, serverOf(t), f.cfg.Database)
	require.NoError(t, other.pushLogs(t.Context(), logsOf(list[4:], groups[2:])))
	require.NotZero(t, syncsOf(t, f))
	require.Equal(t, unsynced, tablesWith(t, f, "fsync_after_insert = 1, fsync_part_directory = 1"))
	require.Equal(t, uint64(len(list)), one[uint64](t, f, "SELECT count() FROM observations"))

	f.tables.ready = false
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Equal(t, unsynced, tablesWith(t, f, "fsync_after_insert = 0, fsync_part_directory = 0"))
}

func TestSyncDirectoryIsThatOfTheServer(t *testing.T) {
	list, groups := history(1)
	for _, dir := range []string{"/proc", "/nowhere"} {
		f := start(t, func(c *Config) { c.SyncDirectory = dir })
		require.ErrorContains(t, f.pushLogs(t.Context(), logsOf(list, groups)), "set sync_directory")
		require.Zero(t, one[uint64](t, f, "SELECT count() FROM observations"))
	}
}

// TestAFailedBatchIsInsertedAgain: what the server has taken may not be on the disk, so it
// must not skip it when it comes again.
func TestAFailedBatchIsInsertedAgain(t *testing.T) {
	list, groups := history(1)
	f := start(t, func(c *Config) { c.SyncDirectory = t.TempDir() })
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	rows := func() uint64 { return one[uint64](t, f, "SELECT count() FROM provisioning_observations") }
	require.NoError(t, f.conn.Exec(t.Context(), "SYSTEM STOP MERGES provisioning_observations"))
	before := rows()
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, before, rows(), "it was acknowledged before")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, f.pushLogs(ctx, logsOf(list, groups)))
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	require.Greater(t, rows(), before)
	require.Equal(t, uint64(len(list)), one[uint64](t, f, "SELECT count() FROM observations"))
}

func TestClientSyncsTablesOfACollectorThatDoes(t *testing.T) {
	list, groups := history(1)
	f := start(t, func(c *Config) { c.SyncDirectory = t.TempDir() })
	require.NoError(t, f.tables.ensure(t.Context()))
	cfg := *f.cfg
	cfg.SyncDirectory = ""
	c, err := Connect(t.Context(), &cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(context.Background())) }()
	require.True(t, c.unsynced)
	batch, _ := columnar.Read(logsOf(list, groups))
	require.NoError(t, c.Write(t.Context(), []*columnar.Batch{batch}))
	require.NoError(t, f.conn.Exec(t.Context(), "SYSTEM FLUSH LOGS"))
	require.NotZero(t, one[uint64](t, f, "SELECT count() FROM system.query_log WHERE type = 'QueryFinish' AND query LIKE 'SYSTEM SYNC FILE CACHE%'"))
	unsynced, err := schema.HasUnsyncedInserts(t.Context(), f.pool, f.cfg.target())
	require.NoError(t, err)
	require.True(t, unsynced, "the collector's setting stays")
}
