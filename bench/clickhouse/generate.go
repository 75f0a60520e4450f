package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/provtrail/provtrail/internal/bulk"
)

const week = 7 * 24 * time.Hour

// generate fills database ours with the week before to, and returns the workload and its
// number of activities.
func generate(ctx context.Context, conn driver.Conn, observations int, to time.Time) (workload bulk.Workload, activities int, err error) {
	activities = observations * 2 / 5 / 8 * 8
	workload = bulk.Workload{From: to.Add(-week), Every: (week - 2*time.Hour) / time.Duration(activities)}
	begin := time.Now()
	for first := 0; first < activities; first += bulk.MaxActivities {
		if err := workload.Insert(ctx, conn, "ours", first, min(bulk.MaxActivities, activities-first), 0); err != nil {
			return workload, 0, err
		}
		fmt.Printf("\r%d of %d activities", min(first+bulk.MaxActivities, activities), activities)
	}
	fmt.Printf(", generated in %.0f s\n", time.Since(begin).Seconds())
	return workload, activities, nil
}

// asLogs selects the records in the form in which contrib's exporter stores them.
const asLogs = `
SELECT toDateTime64(occurred_at, 9) AS Timestamp, lower(hex(sipHash128(tenant, group_id))) AS TraceId, upper(if(status = 'Failed', 'error', 'info')) AS SeverityText,
	if(status = 'Failed', 17, 9) AS SeverityNumber, 'provtrail' AS ServiceName, concat(operation, ' ', attribute_name, ' on ', source_name, ': ', status) AS Body,
	'provisioning.activity' AS EventName,
	mapFilter((k, v) -> v != '', map(%s)) AS LogAttributes
FROM ours.provisioning_observations
WHERE occurred_at >= {from:DateTime} AND occurred_at < {to:DateTime}`

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
