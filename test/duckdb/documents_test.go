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
	defer func() { require.NoError(t, db.Close()) }()
	result, err := db.Query(queries[0])
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
	require.Equal(t, archivetest.VersionsByStatus, got)

	events := 0
	require.NoError(t, db.QueryRow("SELECT count(*) FROM ("+queries[1]+")").Scan(&events))
	require.Equal(t, 10, events, "each event once")

	files := "read_parquet('" + filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet") + "', hive_partitioning = true)"
	var date, hour string
	require.NoError(t, db.QueryRow("SELECT typeof(date), typeof(hour) FROM "+files+" WHERE hour = 12 LIMIT 1").Scan(&date, &hour))
	require.Equal(t, "DATE BIGINT", date+" "+hour)
}
