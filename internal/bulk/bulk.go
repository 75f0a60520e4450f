// Package bulk has a ClickHouse server generate provisioning records by the million, for
// tests and benchmarks of queries.
package bulk

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Workload describes activities: four a group, each Pending, then Committed; every second
// one is then verified, has failed or is tried again. That is 2.5 observations an activity.
// All properties of an activity follow from its number.
type Workload struct {
	From  time.Time     // when activity 0 was requested
	Every time.Duration // between two activities
}

//go:embed workload.sql
var observations string

// columns are those of the query observations, in order.
const columns = `tenant, record_type, event_id, feed, dialect, group_id, group_number, activity_id, status, previous_status, reported_status, raw_status, group_status,
	kind, operation, cause, source_id, source_name, account_id, attribute_name, attribute_value, identity_id, identity_name, requester_name, approver_name,
	error_message, outcome, error_category, failed_on, item_id, attempts, stalled, requested_at, occurred_at, timed, observed_at, status_since, first_pending_at, committed_at,
	finished_at, failed_at, first_failed_at, first_retrying_at, first_not_verifiable_at, state_seq, version, current, original`

// groups summarises the groups of a query of observations.
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

// MaxActivities is the number of activities that one INSERT makes.
const MaxActivities = 200_000

// Insert writes the observations and the groups of count activities from first on into
// the exporter's tables of a database. Both numbers are multiples of four. With a shift
// above 0 the observations have other ids and higher versions, so that activities that are
// stored get further observations.
func (w Workload) Insert(ctx context.Context, conn driver.Conn, database string, first, count, shift int) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_partitions_per_insert_block": 0, "max_insert_threads": 2, "min_insert_block_size_rows": 500_000,
		"deduplicate_blocks_in_dependent_materialized_views": 0, "insert_deduplicate": 0,
	}))
	for end := first + count; first < end; first += MaxActivities {
		for table, query := range map[string]string{
			"provisioning_observations (" + columns + ")": "SELECT " + columns + " FROM (" + observations + ")",
			"provisioning_groups":                         fmt.Sprintf(groups, observations),
		} {
			err := conn.Exec(ctx, "INSERT INTO "+database+"."+table+" "+query,
				clickhouse.Named("from", w.From.UnixMicro()), clickhouse.Named("every", w.Every.Nanoseconds()), clickhouse.Named("shift", shift),
				clickhouse.Named("first", first), clickhouse.Named("count", min(MaxActivities, end-first)))
			if err != nil {
				return fmt.Errorf("generate activities %d to %d in %s: %w", first, end, table, err)
			}
		}
	}
	return nil
}

// InsertUnmerged stops merges and makes twenty inserts: ten of count new activities each,
// which follow the stored ones, and ten of further observations of the last stored ones.
func (w Workload) InsertUnmerged(ctx context.Context, conn driver.Conn, database string, stored, count int) error {
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
		if err := w.Insert(ctx, conn, database, stored+(i-10)*count, count, 100); err != nil {
			return err
		}
	}
	return nil
}

// Tables are the tables that Insert and the materialized views have filled.
func Tables(ctx context.Context, conn driver.Conn, database string) (tables []string, err error) {
	err = conn.QueryRow(ctx, "SELECT arraySort(groupArray(name)) FROM system.tables WHERE database = ? AND engine LIKE '%MergeTree' AND total_rows > 0 AND name != 'provisioning_schema_migrations'", database).Scan(&tables)
	return tables, err
}

// Merge merges the tables at once, as the server does ten minutes after the last insert.
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
