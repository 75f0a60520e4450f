package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
)

// compare runs the rounds. Each contender has a database of its own in each round, so that
// every round inserts new rows.
func compare(ctx context.Context, address string, l *load, o options) error {
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{address}})
	if err != nil {
		return err
	}
	defer conn.Close()
	ours := func(database string) (exporter.Logs, error) {
		return create(ctx, provisioningclickhouseexporter.NewFactory(), map[string]any{
			"endpoints": []any{address}, "database": database, "ttl": "0s", "rollup_ttl": "0s",
			"timeout": "10m", "sending_queue": map[string]any{"enabled": false},
		})
	}
	contrib := func(database string) (exporter.Logs, error) {
		return create(ctx, clickhouseexporter.NewFactory(), map[string]any{
			"endpoint": "tcp://" + address, "database": database,
			// Both synchronous: acknowledged is stored.
			"async_insert": false, "timeout": "10m", "sending_queue": map[string]any{"enabled": false},
		})
	}
	var best, fastest [3]float64
	for round := range o.rounds {
		for i, c := range []struct {
			name string
			rate func() (speed, error)
		}{
			{"provtrail", func() (speed, error) { return export(ctx, ours, fmt.Sprintf("ours%d", round), l) }},
			{"contrib", func() (speed, error) { return export(ctx, contrib, fmt.Sprintf("contrib%d", round), l) }},
			{"driver", func() (speed, error) {
				database := fmt.Sprintf("driver%d", round)
				if err := prepare(ctx, ours, database); err != nil {
					return speed{}, err
				}
				return insertWithDriver(ctx, address, database, l)
			}},
		} {
			rate, err := c.rate()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Printf("round %d: %-9s %9.0f rows/s per core, %9.0f rows/s\n", round+1, c.name, rate.perCore(), rate.perSecond())
			best[i], fastest[i] = max(best[i], rate.perCore()), max(fastest[i], rate.perSecond())
		}
	}
	var server [3]float64
	for i, table := range []string{"ours%.provisioning_observations", "contrib%.otel_logs", "driver%.provisioning_observations"} {
		var err error
		if server[i], err = serverCost(ctx, conn, table, o.batch); err != nil {
			return err
		}
	}
	if err := exportGroups(ctx, ours, l); err != nil {
		return err
	}
	oursBytes, err := diskBytes(ctx, conn, "ours0", "provisioning_observations", l.records)
	if err != nil {
		return err
	}
	contribBytes, err := diskBytes(ctx, conn, "contrib0", "otel_logs", l.records)
	if err != nil {
		return err
	}
	all, err := allBytes(ctx, conn, "ours0")
	if err != nil {
		return err
	}
	if err := explain(ctx, conn); err != nil {
		return err
	}
	n := float64(l.records)
	bench := func(name string, value float64, unit string) { fmt.Printf("BENCH %s %.4g %s\n", name, value, unit) }
	bench("clickhouse_rows_per_second_per_core", best[0], "rows/s")
	bench("clickhouse_contrib_rows_per_second_per_core", best[1], "rows/s")
	bench("clickhouse_driver_rows_per_second_per_core", best[2], "rows/s")
	bench("clickhouse_rows_per_core_ratio_vs_contrib", best[0]/best[1], "ratio")
	bench("clickhouse_rows_per_core_ratio_vs_driver", best[0]/best[2], "ratio")
	bench("clickhouse_rows_per_second", fastest[0], "rows/s")
	bench("clickhouse_contrib_rows_per_second", fastest[1], "rows/s")
	bench("clickhouse_driver_rows_per_second", fastest[2], "rows/s")
	bench("clickhouse_rows_ratio_vs_driver", fastest[0]/fastest[2], "ratio")
	bench("clickhouse_server_microseconds_per_row", server[0], "us")
	bench("clickhouse_contrib_server_microseconds_per_row", server[1], "us")
	bench("clickhouse_driver_server_microseconds_per_row", server[2], "us")
	bench("clickhouse_bytes_per_event", oursBytes/n, "bytes")
	bench("clickhouse_all_tables_bytes_per_event", all/n, "bytes")
	bench("clickhouse_contrib_bytes_per_event", contribBytes/n, "bytes")
	bench("clickhouse_bytes_per_event_ratio_vs_contrib", oursBytes/contribBytes, "ratio")
	bench("clickhouse_all_tables_bytes_ratio_vs_contrib", all/contribBytes, "ratio")
	return nil
}

func create(ctx context.Context, factory exporter.Factory, settings map[string]any) (exporter.Logs, error) {
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(settings).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return factory.CreateLogs(ctx, exportertest.NewNopSettings(factory.Type()), cfg)
}

// speed is the cost of inserting rows: CPU of this process, and elapsed time.
type speed struct {
	rows       int
	cpu, taken time.Duration
}

func (s *speed) perCore() float64   { return float64(s.rows) / s.cpu.Seconds() }
func (s *speed) perSecond() float64 { return float64(s.rows) / s.taken.Seconds() }

// add runs an insert and counts it unless it is the first, in which buffers grow.
func (s *speed) add(first bool, rows int, insert func() error) error {
	runtime.GC()
	before, begun := cpu(), time.Now()
	if err := insert(); err != nil {
		return err
	}
	if !first {
		s.cpu, s.taken, s.rows = s.cpu+cpu()-before, s.taken+time.Since(begun), s.rows+rows
	}
	return nil
}

// export inserts the load through an exporter. Making the pdata is not counted, because
// every exporter gets it in memory.
func export(ctx context.Context, open func(string) (exporter.Logs, error), database string, l *load) (s speed, err error) {
	e, err := open(database)
	if err != nil {
		return s, err
	}
	if err := e.Start(ctx, componenttest.NewNopHost()); err != nil {
		return s, err
	}
	defer e.Shutdown(ctx) //nolint:errcheck // nothing is queued
	if path := os.Getenv("BENCH_CPUPROFILE"); path != "" && strings.HasPrefix(database, "ours") {
		file, err := os.Create(path)
		if err != nil {
			return s, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return s, err
		}
		defer pprof.StopCPUProfile()
	}
	for i := range l.batches {
		logs := l.batch(i)
		if err := s.add(i == 0, logs.LogRecordCount(), func() error { return e.ConsumeLogs(ctx, logs) }); err != nil {
			return s, err
		}
	}
	return s, nil
}

// cpu is the CPU time of this process, without the server.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// diskBytes is the size of a merged table with its indexes. It must have want rows, unless
// want is negative.
func diskBytes(ctx context.Context, conn driver.Conn, database, table string, want int) (float64, error) {
	if err := conn.Exec(ctx, fmt.Sprintf("OPTIMIZE TABLE %s.%s FINAL", database, table)); err != nil {
		return 0, err
	}
	var bytes, rows uint64
	err := conn.QueryRow(ctx, "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND database = ? AND table = ?", database, table).Scan(&bytes, &rows)
	if err == nil && want >= 0 && rows != uint64(want) {
		err = fmt.Errorf("%s.%s has %d rows, %d were inserted", database, table, rows, want)
	}
	return float64(bytes), err
}

// allBytes is the size of all tables of a database when they are merged.
func allBytes(ctx context.Context, conn driver.Conn, database string) (all float64, err error) {
	var tables []string
	if err := conn.QueryRow(ctx, "SELECT groupUniqArray(table) FROM system.parts WHERE active AND database = ? AND table != 'driver'", database).Scan(&tables); err != nil {
		return 0, err
	}
	for _, table := range tables {
		bytes, err := diskBytes(ctx, conn, database, table, -1)
		if err != nil {
			return 0, err
		}
		all += bytes
	}
	return all, nil
}

// serverCost is the server's CPU for a row of a table and the rows that materialized views
// make of it, in microseconds: the median of the inserts.
func serverCost(ctx context.Context, conn driver.Conn, like string, batch int) (us float64, err error) {
	if err := conn.Exec(ctx, "SYSTEM FLUSH LOGS"); err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, `SELECT quantileExact(0.5)(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / ?
		FROM system.query_log WHERE type = 'QueryFinish' AND query_kind = 'Insert' AND replaceAll(query, '`+"`"+`', '') LIKE concat('INSERT INTO ', ?, ' (%')`,
		float64(batch), like).Scan(&us)
	return us, err
}

// prepare creates the exporter's tables.
func prepare(ctx context.Context, open func(string) (exporter.Logs, error), database string) error {
	e, err := open(database)
	if err != nil {
		return err
	}
	if err := e.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	return e.Shutdown(ctx)
}

// exportGroups adds the groups' records to the first round's database.
func exportGroups(ctx context.Context, open func(string) (exporter.Logs, error), l *load) error {
	e, err := open("ours0")
	if err != nil {
		return err
	}
	if err := e.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	return errors.Join(e.ConsumeLogs(ctx, l.groups), e.Shutdown(ctx))
}

// explain prints the sizes of tables and columns.
func explain(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.Query(ctx, `
		SELECT table, arrayStringConcat(arrayMap(t -> concat(t.2, ' ', toString(t.1)), arraySlice(arrayReverseSort(groupArray((bytes, column))), 1, 14)), ', ')
		FROM (SELECT table, column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
			WHERE active AND database IN ('ours0', 'contrib0') GROUP BY table, column)
		GROUP BY table
		UNION ALL
		SELECT concat(table, ' in all'), concat(toString(sum(rows)), ' rows, ', toString(sum(bytes_on_disk)), ' bytes, indexes ', toString(sum(secondary_indices_compressed_bytes)))
		FROM system.parts WHERE active AND database IN ('ours0', 'contrib0') GROUP BY table`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, columns string
		if err := rows.Scan(&table, &columns); err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", table, strings.TrimSpace(columns))
	}
	return rows.Err()
}
