package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"github.com/provtrail/provtrail/archive/report"
)

// against does with DuckDB, on one thread, what the archive did: it sorts the same rows
// into Parquet, and writes the report's sheets with the same columns, gzipped.
func against(ctx context.Context, dir, root string, rows int64, writing time.Duration, now time.Time) error {
	before := clearPeak()
	reporting, err := timed(func() error {
		_, err := report.WriteAs(ctx, root, report.Filter{From: now.AddDate(0, 0, -30), To: now.AddDate(0, 0, 1)}, report.Zip, nil, io.Discard)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("BENCH report_memory %.0f MB\n", peak()-before)

	db, err := sql.Open("duckdb", filepath.Join(dir, "duck.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(query string) (time.Duration, error) {
		return timed(func() error { _, err := db.ExecContext(ctx, query); return err })
	}
	files := "read_parquet('" + filepath.Join(root, "tenant=*", "*", "*", "*.parquet") + "')"
	for _, query := range []string{"SET threads = 1", "SET TimeZone = 'UTC'", "CREATE TABLE rows AS SELECT * FROM " + files + " ORDER BY event_id"} {
		if _, err := exec(query); err != nil {
			return err
		}
	}
	copying, err := exec("COPY (SELECT * FROM rows ORDER BY occurred_at, event_id) TO '" + filepath.Join(dir, "duck.parquet") + "' (FORMAT parquet, COMPRESSION zstd)")
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(dir, "duck.parquet"))
	if err != nil {
		return err
	}
	fmt.Printf("BENCH archive_duckdb_events_per_second_per_core %.0f events/s\n", float64(rows)/copying.Seconds())
	fmt.Printf("BENCH archive_write_time_ratio_vs_duckdb %.2f ratio\n", writing.Seconds()/copying.Seconds())
	fmt.Printf("BENCH archive_duckdb_bytes_per_event %.1f bytes\n", float64(info.Size())/float64(rows))

	if _, err := exec("CREATE VIEW archived AS SELECT * FROM " + files); err != nil {
		return err
	}
	newest := "FROM archived WHERE current%s QUALIFY row_number() OVER (PARTITION BY activity_id ORDER BY version DESC) = 1"
	columns := func(sheet string) string { return "SELECT " + strings.Join(report.Columns(sheet), ", ") + " " }
	querying := time.Duration(0)
	for _, query := range []struct{ name, text string }{
		{"activities", columns("activities") + fmt.Sprintf(newest, "")},
		{"history", columns("history") + "FROM archived QUALIFY row_number() OVER (PARTITION BY event_id) = 1"},
		{"passwords", columns("passwords") + fmt.Sprintf(newest, " AND kind = 'password'")},
		{"summary", "SELECT source_name, operation, status, count(*) FROM (SELECT * EXCLUDE (original) " + fmt.Sprintf(newest, "") + ") GROUP BY ALL ORDER BY ALL"},
	} {
		took, err := exec("COPY (" + query.text + ") TO '" + filepath.Join(dir, query.name+".csv.gz") + "' (FORMAT csv, HEADER, COMPRESSION gzip)")
		if err != nil {
			return fmt.Errorf("%s: %w", query.name, err)
		}
		querying += took
	}
	fmt.Printf("BENCH report_events_per_second_per_core %.0f events/s\n", float64(rows)/reporting.Seconds())
	fmt.Printf("BENCH report_time_ratio_vs_duckdb %.2f ratio\n", reporting.Seconds()/querying.Seconds())
	return nil
}
