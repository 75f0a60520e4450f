package duckdb

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
)

// TestDocumentedQueries: an activity counts once, in its latest status, and a folded
// activity does not count.
func TestDocumentedQueries(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	for _, batch := range archivetest.Versions(now) {
		_, err = a.Write(t.Context(), archive.Batch{Records: batch})
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	queries := archivetest.Documented(t, "../../docs/archive.md", "read_parquet", dir)
	require.Len(t, queries, 2)

	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	db.SetMaxOpenConns(1) // temporary views belong to a connection
	defer func() { require.NoError(t, db.Close()) }()
	counted := func(query string) map[string]int64 {
		t.Helper()
		result, err := db.Query(query)
		require.NoError(t, err)
		defer func() { require.NoError(t, result.Close()) }()
		got := map[string]int64{}
		for result.Next() {
			var status string
			var n int64
			require.NoError(t, result.Scan(&status, &n))
			got[status] = n
		}
		require.NoError(t, result.Err())
		return got
	}
	events := 0
	require.Equal(t, archivetest.VersionsByStatus, counted(queries[0]))
	require.NoError(t, db.QueryRow("SELECT count(*) FROM ("+queries[1]+")").Scan(&events))
	require.Equal(t, 10, events, "each event once")

	views := archivetest.Views(t, "../../docs/queries/duckdb/activities.sql", dir)
	// Spark cannot run here. Its views but for that of the files are the same text.
	spark := archivetest.Views(t, "../../docs/queries/spark/activities.sql", dir)
	require.Equal(t, views[1:], spark[1:])
	for _, statement := range append(views[:1:1], spark[1:]...) {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.Equal(t, archivetest.VersionsByStatus, counted("SELECT status, count(*) FROM activities GROUP BY status"))
	require.NoError(t, db.QueryRow("SELECT count(*) FROM history").Scan(&events))
	require.Equal(t, 10, events, "each event once")

	files := "read_parquet('" + filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet") + "', hive_partitioning = true)"
	var date, hour string
	require.NoError(t, db.QueryRow("SELECT typeof(date), typeof(hour) FROM "+files+" WHERE hour = 12 LIMIT 1").Scan(&date, &hour))
	require.Equal(t, "DATE BIGINT", date+" "+hour)
}
