package duckdb

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
)

// TestDuckDBReadsTheSame writes an archive and reads each value of each row with
// DuckDB.
func TestDuckDBReadsTheSame(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	want := archivetest.Records(1500, now)
	_, err = a.Write(t.Context(), archive.Batch{Records: want})
	require.NoError(t, err)
	require.NoError(t, a.Close())

	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	files := "read_parquet('" + filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet") + "', hive_partitioning = true)"

	got := rows(t, db, "SELECT * FROM "+files)
	require.Len(t, got, len(want))
	for _, r := range want {
		row := got[r.EventID.String()]
		for column, value := range archivetest.Want(r) {
			require.Equal(t, value, row[column], "%s of %s", column, r.EventID)
		}
	}

	f := func(want any, query string, args ...any) {
		t.Helper()
		var got any
		require.NoError(t, db.QueryRow(query, args...).Scan(&got))
		require.Equal(t, want, got)
	}
	f("TIMESTAMP WITH TIME ZONE", "SELECT typeof(occurred_at) FROM "+files+" LIMIT 1")
	f("TIMESTAMP WITH TIME ZONE", "SELECT typeof(committed_at) FROM "+files+" LIMIT 1")
	f("VARCHAR", "SELECT typeof(status) FROM "+files+" LIMIT 1")
	f("BIGINT", "SELECT typeof(version) FROM "+files+" LIMIT 1")
	f("BOOLEAN", "SELECT typeof(timed) FROM "+files+" LIMIT 1")
	f(int64(750), "SELECT count(*) FROM "+files+" WHERE tenant = ?", archivetest.Tenants[1])
	f(int64(4), "SELECT count(*) FROM "+files+" WHERE group_id = ?", want[40].GroupID)
	f(int64(1500), "SELECT count(*) FROM "+files+" WHERE date = DATE '2026-11-22'")
}

// TestDuckDBPassesOverWhatCannotMatch looks at what DuckDB prunes by: the statistics of
// each row group, and the bloom filters.
func TestDuckDBPassesOverWhatCannotMatch(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	want := archivetest.Records(1000, now)
	_, err = a.Write(t.Context(), archive.Batch{Records: want})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	glob := filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet")

	files, groups, without := 0, 0, 0
	require.NoError(t, db.QueryRow(`SELECT count(DISTINCT file_name), count(*),
		count(*) FILTER (WHERE stats_min_value IS NULL OR stats_max_value IS NULL OR stats_null_count IS NULL)
		FROM parquet_metadata('`+glob+`') WHERE path_in_schema IN ('occurred_at', 'observed_at', 'group_id', 'status', 'event_id')`).Scan(&files, &groups, &without))
	require.Greater(t, files, 4)
	require.Equal(t, 5*files, groups)
	require.Zero(t, without, "each has its least and greatest value")

	probe := func(column, value string) (excluded, of int) {
		t.Helper()
		require.NoError(t, db.QueryRow("SELECT count(*) FILTER (WHERE bloom_filter_excludes), count(*) FROM parquet_bloom_probe('"+glob+"', '"+column+"', '"+value+"')").Scan(&excluded, &of))
		return excluded, of
	}
	for column, value := range map[string]string{"group_id": want[40].GroupID, "event_id": want[7].EventID.String(), "activity_id": want[9].ActivityID.String(), "identity_id": want[3].IdentityID} {
		excluded, of := probe(column, value)
		require.Less(t, excluded, of, "%s is in some file", column)
		excluded, of = probe(column, "not there")
		require.GreaterOrEqual(t, excluded, of-1, "%s: a filter errs once in a hundred", column)
	}
}

func rows(t *testing.T, db *sql.DB, query string) map[string]map[string]any {
	t.Helper()
	result, err := db.Query(query)
	require.NoError(t, err)
	defer func() { require.NoError(t, result.Close()) }()
	columns, err := result.Columns()
	require.NoError(t, err)
	all := map[string]map[string]any{}
	for result.Next() {
		values, pointers := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		require.NoError(t, result.Scan(pointers...))
		row := map[string]any{}
		for i, c := range columns {
			if at, ok := values[i].(time.Time); ok {
				values[i] = at.UTC()
			}
			row[c] = values[i]
		}
		all[row["event_id"].(string)] = row
	}
	require.NoError(t, result.Err())
	return all
}
