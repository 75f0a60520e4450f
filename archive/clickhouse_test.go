package archive

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/clickhousetest"
)

// TestClickHouseReadsTheSame writes an archive and reads each value of each row
// with ClickHouse's file().
func TestClickHouseReadsTheSame(t *testing.T) {
	dir := t.TempDir()
	now := noon.Add(30 * time.Minute)
	a := open(t, dir, now)
	want := archivetest.Records(1500, now)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: want})))

	conn := reading(t, dir)
	files := "file('" + filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet") + "', Parquet)"
	// By default ClickHouse takes tenant from the folder's name and leaves its %XX.
	const asWritten = " SETTINGS use_hive_partitioning = 0"
	rows, err := conn.Query(t.Context(), "SELECT * FROM "+files+asWritten)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	types := map[string]string{}
	got := map[string]map[string]any{}
	for rows.Next() {
		row, pointers := map[string]any{}, make([]any, len(rows.Columns()))
		for i, c := range rows.ColumnTypes() {
			pointers[i] = reflect.New(c.ScanType()).Interface()
			types[c.Name()] = c.DatabaseTypeName()
		}
		require.NoError(t, rows.Scan(pointers...))
		for i, name := range rows.Columns() {
			row[name] = plain(reflect.ValueOf(pointers[i]).Elem())
		}
		got[row["event_id"].(string)] = row
	}
	require.NoError(t, rows.Err())
	require.Len(t, got, len(want))
	for _, r := range want {
		row := got[r.EventID.String()]
		for column, value := range archivetest.Want(r) {
			require.Equal(t, value, row[column], "%s of %s", column, r.EventID)
		}
	}
	require.Equal(t, "DateTime64(6, 'UTC')", types["occurred_at"])
	require.Equal(t, "Nullable(DateTime64(6, 'UTC'))", types["committed_at"])
	require.Equal(t, "String", types["status"])
	require.Equal(t, "Int64", types["version"])
	require.Equal(t, "Bool", types["timed"])

	var n uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+files+" WHERE group_id = '"+want[40].GroupID+"'").Scan(&n))
	require.Equal(t, uint64(4), n, "bloom filters and statistics hide nothing")
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+files+" WHERE date = '2026-11-22' AND tenant = 'acme'").Scan(&n))
	require.Equal(t, uint64(len(want)/2), n, "folders are columns")
}

// plain makes a scanned value comparable: nil, string, bool, int64 or time.Time.
func plain(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch value := v.Interface().(type) {
	case time.Time:
		return value.UTC()
	case string:
		return strings.Clone(value)
	default:
		return value
	}
}

// TestDocumentedQuery: an activity counts once, in its latest status, and a folded
// activity does not count.
func TestDocumentedQuery(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(30*time.Minute))
	for _, batch := range archivetest.Versions(noon) {
		require.NoError(t, write(a.Write(t.Context(), Batch{Records: batch})))
	}
	queries := archivetest.Documented(t, "../docs/archive.md", "file(", dir)
	require.Len(t, queries, 1)
	rows, err := reading(t, dir).Query(t.Context(), queries[0])
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	got := map[string]int64{}
	for rows.Next() {
		var status string
		var n uint64
		require.NoError(t, rows.Scan(&status, &n))
		got[status] = int64(n)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, archivetest.VersionsByStatus, got)
}

// TestDocumentedViews makes the views of docs/queries/clickhouse.
func TestDocumentedViews(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(30*time.Minute))
	for _, batch := range archivetest.Versions(noon) {
		require.NoError(t, write(a.Write(t.Context(), Batch{Records: batch})))
	}
	conn := reading(t, dir)
	for _, statement := range archivetest.Views(t, "../docs/queries/clickhouse/activities.sql", dir) {
		require.NoError(t, conn.Exec(t.Context(), statement), statement)
	}
	rows, err := conn.Query(t.Context(), "SELECT status, count() FROM activities GROUP BY status")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	got := map[string]int64{}
	for rows.Next() {
		var status string
		var n uint64
		require.NoError(t, rows.Scan(&status, &n))
		got[status] = int64(n)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, archivetest.VersionsByStatus, got)
	var events uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM history").Scan(&events))
	require.Equal(t, uint64(10), events, "each event once")
}

// reading returns a connection to a ClickHouse that may read the files of a directory.
func reading(t *testing.T, dir string) driver.Conn {
	t.Helper()
	// A server may read the directory of its configuration file.
	config := filepath.Join(dir, "config.xml")
	require.NoError(t, os.WriteFile(config, []byte("<clickhouse></clickhouse>"), 0o600))
	return clickhousetest.StartOwn(t, clickhousetest.WithConfigFile(config)).Open(t, "")
}
