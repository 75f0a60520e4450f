// Package bulk has a server generate provisioning records by the million, for tests and
// benchmarks of queries.
package bulk

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Life says which activities of which life are generated: four a group, each Pending,
// then Committed, and every second one then verified, failed or tried again; so 2.5
// observations an activity. An activity's number alone decides what becomes of it.
type Life struct {
	From  time.Time     // when activity 0 was requested
	Every time.Duration // between two activities
}

//go:embed life.sql
var life string

// columns are those of life, in order.
const columns = `tenant, record_type, event_id, feed, dialect, group_id, group_number, activity_id, status, previous_status, reported_status, raw_status, group_status,
	kind, operation, cause, source_id, source_name, account_id, attribute_name, attribute_value, identity_id, identity_name, requester_name, approver_name,
	error_message, failed_on, item_id, attempts, stalled, requested_at, occurred_at, timed, observed_at, status_since, first_pending_at, committed_at,
	finished_at, failed_at, first_failed_at, state_seq, version, current, original`

// groups are the groups of the activities that life has.
const groups = `
	SELECT tenant, group_id, group_number,
		['Failed', 'Retrying', 'Pending', 'Not Verifiable', 'Committed', 'Success'][arrayMin(arrayMap(s -> indexOf(['Failed', 'Retrying', 'Pending', 'Not Verifiable', 'Committed', 'Success'], s), groupArray(last)))],
		count(), countIf(last = 'Failed'), countIf(last = 'Retrying'), countIf(last = 'Pending'), countIf(last = 'Not Verifiable'), countIf(last = 'Committed'),
		countIf(last = 'Success'), 0, groupUniqArray(source), any(cause), any(identity_id), any(identity_name), any(requester_name), min(first_at), max(last_at), max(observed), max(seq)
	FROM (
		SELECT tenant, group_id, group_number, argMax(status, version) AS last, any(source_name) AS source, any(cause) AS cause, any(identity_id) AS identity_id,
			any(identity_name) AS identity_name, any(requester_name) AS requester_name, min(occurred_at) AS first_at, max(occurred_at) AS last_at, max(observed_at) AS observed, max(version) AS seq
		FROM (%s) GROUP BY tenant, group_id, group_number, activity_id
	) GROUP BY tenant, group_id, group_number`

// AtOnce is how many activities one insert may make.
const AtOnce = 200_000

// Insert writes the observations and the groups of count activities from first on into
// a database with the exporter's tables; both are multiples of four. With a shift,
// activities that are there already have further observations.
func (l Life) Insert(ctx context.Context, conn driver.Conn, database string, first, count, shift int) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_partitions_per_insert_block": 0, "max_insert_threads": 2, "min_insert_block_size_rows": 500_000,
		"deduplicate_blocks_in_dependent_materialized_views": 0, "insert_deduplicate": 0,
	}))
	for end := first + count; first < end; first += AtOnce {
		for table, query := range map[string]string{
			"provisioning_observations (" + columns + ")": "SELECT " + columns + " FROM (" + life + ")",
			"provisioning_groups":                         fmt.Sprintf(groups, life),
		} {
			err := conn.Exec(ctx, "INSERT INTO "+database+"."+table+" "+query,
				clickhouse.Named("from", l.From.UnixMicro()), clickhouse.Named("every", l.Every.Nanoseconds()), clickhouse.Named("shift", shift),
				clickhouse.Named("first", first), clickhouse.Named("count", min(AtOnce, end-first)))
			if err != nil {
				return fmt.Errorf("generate activities %d to %d in %s: %w", first, end, table, err)
			}
		}
	}
	return nil
}

// ComeIn adds ten times each activities after those that are there, and further
// observations of as many of the last, in twenty inserts that are not merged.
func (l Life) ComeIn(ctx context.Context, conn driver.Conn, database string, there, each int) error {
	tables, err := Tables(ctx, conn, database)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := conn.Exec(ctx, "SYSTEM STOP MERGES "+database+"."+table); err != nil {
			return err
		}
	}
	for i := range 20 {
		if err := l.Insert(ctx, conn, database, there+(i-10)*each, each, 100); err != nil {
			return err
		}
	}
	return nil
}

// Tables are those that hold what Insert wrote, and what follows from it.
func Tables(ctx context.Context, conn driver.Conn, database string) (tables []string, err error) {
	err = conn.QueryRow(ctx, "SELECT arraySort(groupArray(name)) FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree' AND total_rows > 0 AND name != 'provisioning_schema_migrations'", database).Scan(&tables)
	return tables, err
}

// Merge does at once what the server does by itself once nothing comes in for ten minutes.
func Merge(ctx context.Context, conn driver.Conn, database string) error {
	tables, err := Tables(ctx, conn, database)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := conn.Exec(ctx, "OPTIMIZE TABLE "+database+"."+table+" FINAL SETTINGS optimize_skip_merged_partitions = 1"); err != nil {
			return fmt.Errorf("merge %s: %w", table, err)
		}
	}
	return nil
}
