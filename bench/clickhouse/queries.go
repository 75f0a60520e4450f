package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/bulk"
	"github.com/provtrail/provtrail/internal/panels"
)

// queries times the query of every panel, and questions that both exporters' tables can answer.
func queries(ctx context.Context, address string, o options) error {
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{address}, Auth: clickhouse.Auth{Database: "ours"}, ReadTimeout: time.Hour, Settings: clickhouse.Settings{"max_execution_time": 0}})
	if err != nil {
		return err
	}
	defer conn.Close()
	b := &timing{conn: conn, rounds: o.rounds}
	to := time.Now().UTC().Truncate(time.Hour)
	if !o.generate {
		if err := conn.QueryRow(ctx, "SELECT toStartOfHour(max(requested_at)) + INTERVAL 3 HOUR FROM ours.provisioning_observations").Scan(&to); err != nil {
			return err
		}
		return b.panels(ctx, o.dashboards, to, "as it is")
	}
	if err := makeTables(ctx, address); err != nil {
		return err
	}
	workload, activities, err := generate(ctx, conn, o.observations, to)
	if err != nil {
		return err
	}
	if err := bulk.Merge(ctx, conn, "ours"); err != nil {
		return err
	}
	if err := settle(ctx, conn); err != nil {
		return err
	}
	if err := b.panels(ctx, o.dashboards, to, "merged"); err != nil {
		return err
	}
	if o.contrib {
		if err := b.compare(ctx, to); err != nil {
			return err
		}
	}
	// The rows of ten minutes of such a week.
	tenMinutes := activities * 10 / int(week/time.Minute)
	if err := workload.InsertUnmerged(ctx, conn, "ours", activities, max(tenMinutes/20/4*4, 4)); err != nil {
		return err
	}
	return b.panels(ctx, o.dashboards, to.Add(time.Hour), "while rows come in")
}

// compare asks questions of provtrail's views and of contrib's table with the same records.
func (b *timing) compare(ctx context.Context, to time.Time) error {
	if err := copyToContrib(ctx, b.conn, to); err != nil {
		return err
	}
	if err := settle(ctx, b.conn); err != nil {
		return err
	}
	return b.questions(ctx)
}

func makeTables(ctx context.Context, address string) error {
	for factory, settings := range map[exporter.Factory]map[string]any{
		provisioningclickhouseexporter.NewFactory(): {"endpoints": []any{address}, "database": "ours", "ttl": "0s", "rollup_ttl": "0s", "sending_queue": map[string]any{"enabled": false}},
		clickhouseexporter.NewFactory():             {"endpoint": "tcp://" + address, "database": "contrib", "sending_queue": map[string]any{"enabled": false}},
	} {
		e, err := create(ctx, factory, settings)
		if err != nil {
			return err
		}
		if err := e.Start(ctx, componenttest.NewNopHost()); err != nil {
			return err
		}
		if err := e.Shutdown(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until the server has no merges left to do.
func settle(ctx context.Context, conn driver.Conn) error {
	for quiet := 0; quiet < 5; {
		var merging uint64
		if err := conn.QueryRow(ctx, "SELECT count() FROM system.merges").Scan(&merging); err != nil {
			return err
		}
		quiet++
		if merging > 0 {
			quiet = 0
		}
		time.Sleep(time.Second)
	}
	rows, err := conn.Query(ctx, `SELECT concat(database, '.', table), count(), sum(rows), formatReadableSize(sum(bytes_on_disk)) FROM system.parts
		WHERE active AND database IN ('ours', 'contrib') GROUP BY ALL ORDER BY ALL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, size string
		var parts, n uint64
		if err := rows.Scan(&table, &parts, &n, &size); err != nil {
			return err
		}
		fmt.Printf("%-40s %4d parts %12d rows %s\n", table, parts, n, size)
	}
	return rows.Err()
}

// timing measures queries by what the server says of them.
type timing struct {
	conn   driver.Conn
	rounds int
	n      int
}

type measured struct {
	P50, P95 float64 // ms
	CPU      float64 // ms
	Rows     uint64
	Bytes    uint64
	Memory   uint64
}

// begun distinguishes the queries of this run from those of others on the same server.
var begun = time.Now().UnixNano()

func (b *timing) run(ctx context.Context, sql string) (m measured, err error) {
	b.n++
	id := fmt.Sprintf("bench-%d-%d", begun, b.n)
	settings := clickhouse.Settings{"log_comment": id, "log_queries": 1}
	for range b.rounds {
		rows, err := b.conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(settings)), sql)
		if err != nil {
			return m, err
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			return m, err
		}
	}
	if err := b.conn.Exec(ctx, "SYSTEM FLUSH LOGS"); err != nil {
		return m, err
	}
	err = b.conn.QueryRow(ctx, `SELECT quantileExact(0.5)(query_duration_ms) / 1, quantileExact(0.95)(query_duration_ms) / 1,
		quantileExact(0.5)(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1000, any(read_rows), any(read_bytes), max(memory_usage)
		FROM system.query_log WHERE type = 'QueryFinish' AND log_comment = ?`, id).Scan(&m.P50, &m.P95, &m.CPU, &m.Rows, &m.Bytes, &m.Memory)
	return m, err
}

// panels asks what the boards ask, of all data and over their usual time ranges.
func (b *timing) panels(ctx context.Context, folder string, to time.Time, state string) error {
	boards, err := panels.Read(folder)
	if err != nil {
		return err
	}
	var group, identity string
	if err := b.conn.QueryRow(ctx, "SELECT group_id, identity_id FROM ours.observations WHERE occurred_at > ? ORDER BY event_id LIMIT 1", to.Add(-30*time.Hour)).Scan(&group, &identity); err != nil {
		return err
	}
	var all []measured
	fmt.Printf("%-52s %8s %8s %8s %12s %10s %8s\n", state, "p50 ms", "p95 ms", "CPU ms", "rows read", "MB read", "MB mem")
	for _, board := range boards {
		scope := panels.Scope{From: to.Add(-board.Range), To: to, Vars: board.All(), Typed: board.Typed()}
		switch board.Title {
		case "Group":
			scope.Vars["group"] = []string{group}
		case "Identity":
			scope.Vars["identity"] = []string{identity}
		}
		for _, q := range board.Asked() {
			scope.Interval = q.Interval(board.Range)
			sql, err := scope.Expand(q.SQL)
			if err != nil {
				return fmt.Errorf("%s / %s: %w", board.Title, q.Panel, err)
			}
			m, err := b.run(ctx, sql)
			if err != nil {
				return fmt.Errorf("%s / %s: %w", board.Title, q.Panel, err)
			}
			all = append(all, m)
			m.print(board.Title + " / " + q.Panel)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].P95 < all[j].P95 })
	name := strings.ReplaceAll(state, " ", "_")
	fmt.Printf("BENCH clickhouse_panel_p95_worst_%s %.0f ms\n", name, all[len(all)-1].P95)
	fmt.Printf("BENCH clickhouse_panel_p95_median_%s %.0f ms\n", name, all[len(all)/2].P95)
	return nil
}

func (m measured) print(name string) {
	fmt.Printf("%-52.52s %8.0f %8.0f %8.0f %12d %10.1f %8.0f\n", name, m.P50, m.P95, m.CPU, m.Rows, float64(m.Bytes)/1e6, float64(m.Memory)/1e6)
}
