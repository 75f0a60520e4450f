package archive

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
)

// TestClickHousePassesOverWhatCannotMatch writes files of different times and groups,
// and counts the row groups that ClickHouse prunes by statistics and bloom filters.
func TestClickHousePassesOverWhatCannotMatch(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(time.Hour))
	const files, each = 10, 100
	for n := range files {
		require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(n*each, (n+1)*each)})))
	}
	conn := reading(t, dir)
	from := "file('" + filepath.Join(dir, "tenant=*", "date=*", "hour=*", "*.parquet") + "', Parquet)"
	f := func(where string, rows, pruned uint64) {
		t.Helper()
		before := events(t, conn)
		var got uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+from+" WHERE "+where+
			" AND NOT ignore(original) SETTINGS input_format_parquet_bloom_filter_push_down = 1, use_hive_partitioning = 0").Scan(&got))
		require.Equal(t, rows, got, where)
		after := events(t, conn)
		require.Equal(t, pruned, after["ParquetPrunedRowGroups"]-before["ParquetPrunedRowGroups"], where)
		require.Equal(t, files-pruned, after["ParquetReadRowGroups"]-before["ParquetReadRowGroups"], where)
	}
	f("1", files*each, 0)
	f("occurred_at < '2026-11-22 12:01:40'", each, files-1)
	f("group_id = 'group-20'", 3, files-1)
	f("event_id = '"+id(250).String()+"'", 1, files-1)
}

func events(t *testing.T, conn driver.Conn) map[string]uint64 {
	t.Helper()
	rows, err := conn.Query(context.Background(), "SELECT event, value FROM system.events WHERE event LIKE '%Parquet%'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	all := map[string]uint64{}
	for rows.Next() {
		var name string
		var n uint64
		require.NoError(t, rows.Scan(&name, &n))
		all[name] = n
	}
	return all
}
