package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// life is what the server generates: activities spread evenly over a week, four a
// group, each Pending, then Committed, and every second one then verified, failed or
// tried again; so 2.5 observations an activity.
const life = `
SELECT
	'acme' AS tenant, 'observation' AS record, lower(hex(sipHash128(a, step))) AS event_id, 'rest' AS feed, 'rest' AS dialect,
	lower(hex(sipHash128(g, 77))) AS group_id, toInt64(bitAnd(sipHash64(g), 9007199254740991)) AS group_number,
	lower(hex(sipHash128(a))) AS activity_id,
	if(step = 2, last, ['Pending', 'Committed'][step + 1]) AS status,
	if(step = 0, '', ['Pending', 'Committed'][step]) AS previous_status, status AS observed_status, upper(status) AS raw_status,
	status AS group_status,
	multiIf(cause = 'Password Request', 'password', operation IN ('Remove', 'Disable'), 'deprovisioning', 'provisioning') AS kind,
	if(cause = 'Password Request', 'ChangePassword', ['Add', 'Add', 'Modify', 'Create', 'Remove', 'Disable'][1 + h % 6]) AS operation,
	['Access Request', 'Access Request', 'Attribute Sync', 'Identity Refresh', 'Lifecycle Change', 'Certification', 'Password Request'][1 + sipHash64(g, 3) % 7] AS cause,
	concat('source-', leftPad(toString(source), 28, '0')) AS source_id, concat('Source ', toString(source)) AS source_name,
	concat('CN=Person ', toString(person), ',OU=People,DC=example,DC=com') AS account_id,
	if(operation IN ('Add', 'Remove'), 'memberOf', '') AS attribute_name,
	if(attribute_name = '', '', concat('CN=Role ', toString(h % 900), ',OU=Groups,DC=example,DC=com')) AS attribute_value,
	lower(hex(sipHash128(person, 5))) AS identity_id, concat('Person ', toString(person)) AS identity_name,
	concat('Person ', toString(sipHash64(g, 9) % 2000)) AS requester_name, if(g % 3 = 0, concat('Person ', toString(sipHash64(g, 10) % 500)), '') AS approver_name,
	if(status = 'Failed', concat(['Connection to ', 'Timeout after 30 s from ', 'Object not found in ', 'Insufficient rights on '][1 + h % 4], source_name, ' (request ', toString(h), ')'), '') AS error_message,
	multiIf(kind != 'password', '', status != 'Failed', 'none', h % 2 = 0, 'source', 'identitynow') AS failed_on,
	item_id, if(status = 'Retrying', 2, 1) AS attempts, status = 'Retrying' AS stalled,
	toDateTime64({from:UInt32}, 6, 'UTC') + a * {every:Float64} AS requested_at,
	requested_at + [20, 60 + h % 3000, 120 + h % 5000][step + 1] AS occurred_at, true AS timed, occurred_at + 15 AS observed_at,
	occurred_at AS status_since, requested_at + 20 AS first_pending_at,
	if(step > 0, requested_at + 60 + h % 3000, NULL) AS committed_at, if(status = 'Success', occurred_at, NULL) AS finished_at,
	if(status = 'Failed', occurred_at, NULL) AS failed_at, failed_at AS first_failed_at,
	step + 1 AS state_seq, toUInt64(2 * (step + 1)) AS version, true AS current,
	concat('{"id":"', item_id, '","attribute":"', attribute_name, '","value":"', attribute_value, '","status":"', raw_status, '","created":"', toString(requested_at), '"}') AS original
FROM (
	SELECT number AS a, intDiv(a, 4) AS g, sipHash64(a, 1) AS h, sipHash64(g, 2) % 40000 AS person, sipHash64(a, 4) % 24 AS source,
		lower(hex(sipHash128(a, 6))) AS item_id,
		multiIf(h % 100 < 88, 'Success', h % 100 < 94, 'Failed', h % 100 < 98, 'Not Verifiable', 'Retrying') AS last,
		arrayJoin(range(if(intDiv(h, 1000) % 2 = 0, 3, 2))) AS step
	FROM numbers({first:UInt64}, {count:UInt64})
)`

// generated are the columns of life, in order.
const generated = `tenant, record, event_id, feed, dialect, group_id, group_number, activity_id, status, previous_status, observed_status, raw_status, group_status,
	kind, operation, cause, source_id, source_name, account_id, attribute_name, attribute_value, identity_id, identity_name, requester_name, approver_name,
	error_message, failed_on, item_id, attempts, stalled, requested_at, occurred_at, timed, observed_at, status_since, first_pending_at, committed_at,
	finished_at, failed_at, first_failed_at, state_seq, version, current, original`

// asLogs is the same records as contrib's exporter stores them.
const asLogs = `
SELECT toDateTime64(occurred_at, 9) AS Timestamp, lower(hex(sipHash128(tenant, group_id))) AS TraceId, upper(if(status = 'Failed', 'error', 'info')) AS SeverityText,
	if(status = 'Failed', 17, 9) AS SeverityNumber, 'provtrail' AS ServiceName, concat(operation, ' ', attribute_name, ' on ', source_name, ': ', status) AS Body,
	'provisioning.activity' AS EventName,
	mapFilter((k, v) -> v != '', map(%s)) AS LogAttributes
FROM ours.provisioning_observations
WHERE occurred_at >= {from:DateTime} AND occurred_at < {to:DateTime}`

const activitiesAtOnce = 200_000

// generate fills ours, and contrib's table with the same records, for the week before to.
func generate(ctx context.Context, conn driver.Conn, observations int, to time.Time) error {
	from, activities := to.Add(-week), observations*2/5
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_partitions_per_insert_block": 0, "max_insert_threads": 2, "min_insert_block_size_rows": 500_000,
		"deduplicate_blocks_in_dependent_materialized_views": 0, "max_bytes_before_external_group_by": 2 << 30,
	}))
	for first := 0; first < activities; first += activitiesAtOnce {
		text := "INSERT INTO ours.provisioning_observations (" + generated + ") SELECT " + generated + " FROM (" + life + ")"
		if err := conn.Exec(ctx, text, clickhouse.Named("from", from.Unix()), clickhouse.Named("every", fmt.Sprint((week-2*time.Hour).Seconds()/float64(activities))),
			clickhouse.Named("first", first), clickhouse.Named("count", min(activitiesAtOnce, activities-first))); err != nil {
			return fmt.Errorf("generate observations: %w", err)
		}
		fmt.Printf("\r%d of %d activities", first, activities)
	}
	fmt.Println()
	if err := conn.Exec(ctx, `INSERT INTO ours.provisioning_groups
		SELECT tenant, group_id, group_number, argMax(status, occurred_at), count(), countIf(status = 'Failed'), countIf(status = 'Retrying'), countIf(status = 'Pending'),
			countIf(status = 'Not Verifiable'), countIf(status = 'Committed'), countIf(status = 'Success'), 0, groupUniqArray(source_name), any(cause),
			any(identity_id), any(identity_name), any(requester_name), min(occurred_at), max(occurred_at), max(observed_at), 2
		FROM ours.provisioning_activities FINAL GROUP BY tenant, group_id, group_number`); err != nil {
		return fmt.Errorf("generate groups: %w", err)
	}
	return nil
}

// copyToContrib writes the records into contrib's table, hour by hour.
func copyToContrib(ctx context.Context, conn driver.Conn, to time.Time) error {
	var attributes string
	if err := conn.QueryRow(ctx, `SELECT arrayStringConcat(groupArray(concat('''', if(name = 'original', 'log.record.original', concat('provisioning.', name)), ''', ifNull(toString(', name, '), '''')')), ', ')
		FROM system.columns WHERE database = 'ours' AND table = 'provisioning_observations' AND name NOT IN ('occurred_at', 'observed_at', 'timed')`).Scan(&attributes); err != nil {
		return err
	}
	for at := to.Add(-week - time.Hour); at.Before(to.Add(time.Hour)); at = at.Add(2 * time.Hour) {
		text := "INSERT INTO contrib.otel_logs (Timestamp, TraceId, SeverityText, SeverityNumber, ServiceName, Body, EventName, LogAttributes) SELECT * FROM (" +
			fmt.Sprintf(asLogs, attributes) + ")"
		if err := conn.Exec(ctx, text, clickhouse.Named("from", at.Unix()), clickhouse.Named("to", at.Add(2*time.Hour).Unix())); err != nil {
			return fmt.Errorf("copy to contrib's table: %w", err)
		}
	}
	return nil
}

const week = 7 * 24 * time.Hour
