package main

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// question is asked of provtrail's views and of contrib's table. Contrib's table has every
// state of an activity, so a question for the current state takes the newest.
type question struct{ name, ours, contrib string }

const newest = `(SELECT LogAttributes['provisioning.activity_id'] AS activity, argMax(LogAttributes['provisioning.status'], toUInt64(LogAttributes['provisioning.version'])) AS status,
	argMax(LogAttributes['provisioning.source_name'], toUInt64(LogAttributes['provisioning.version'])) AS source FROM contrib.otel_logs GROUP BY activity)`

var questions = []question{
	{
		"activities by status", "SELECT status, count() FROM ours.activities GROUP BY status",
		"SELECT status, count() FROM " + newest + " GROUP BY status",
	},
	{
		"failure rate by source", "SELECT source, countIf(status = 'Failed') / count() FROM ours.activities GROUP BY source",
		"SELECT source, countIf(status = 'Failed') / count() FROM " + newest + " GROUP BY source",
	},
	{
		"entered each status, by hour", "SELECT hour, status, count() FROM ours.transitions GROUP BY hour, status",
		"SELECT toStartOfHour(Timestamp) AS hour, LogAttributes['provisioning.status'] AS status, uniqExact(LogAttributes['provisioning.activity_id']) FROM contrib.otel_logs WHERE LogAttributes['provisioning.status'] != LogAttributes['provisioning.previous_status'] GROUP BY hour, status",
	},
	{
		"observations of the last day by feed", "SELECT feed, count() FROM ours.observations WHERE occurred_at > (SELECT max(occurred_at) - INTERVAL 1 DAY FROM ours.provisioning_observations) GROUP BY feed",
		"SELECT LogAttributes['provisioning.feed'] AS feed, uniqExact(LogAttributes['provisioning.event_id']) FROM contrib.otel_logs WHERE Timestamp > (SELECT max(Timestamp) - INTERVAL 1 DAY FROM contrib.otel_logs) GROUP BY feed",
	},
	{
		"history of one group", "SELECT * FROM ours.observations WHERE group_id IN (SELECT group_id FROM ours.lookup WHERE group_id = '{group}')",
		"SELECT * FROM contrib.otel_logs WHERE LogAttributes['provisioning.group_id'] = '{group}'",
	},
	{
		"one person", "SELECT occurred_at, status, source, operation FROM ours.activities WHERE identity_id = '{identity}' AND group_number IN (SELECT group_number FROM ours.lookup WHERE identity_id = '{identity}')",
		"SELECT Timestamp, LogAttributes['provisioning.status'], LogAttributes['provisioning.source_name'], LogAttributes['provisioning.operation'] FROM contrib.otel_logs WHERE LogAttributes['provisioning.identity_id'] = '{identity}'",
	},
	{
		"top errors", "SELECT error, uniqExact(activity) AS n FROM ours.errors GROUP BY error ORDER BY n DESC LIMIT 20",
		"SELECT replaceRegexpAll(LogAttributes['provisioning.error_message'], '\\\\b[0-9]+\\\\b', '<n>') AS error, uniqExact(LogAttributes['provisioning.activity_id']) AS n FROM contrib.otel_logs WHERE LogAttributes['provisioning.status'] = 'Failed' GROUP BY error ORDER BY n DESC LIMIT 20",
	},
	{
		"time to commit", "SELECT quantiles(0.5, 0.95)(dateDiff('millisecond', requested_at, committed_at)) FROM ours.activities WHERE committed_at IS NOT NULL",
		"SELECT quantiles(0.5, 0.95)(ms) FROM (SELECT argMax(dateDiff('millisecond', parseDateTime64BestEffortOrNull(LogAttributes['provisioning.requested_at'], 6), parseDateTime64BestEffortOrNull(LogAttributes['provisioning.committed_at'], 6)), toUInt64(LogAttributes['provisioning.version'])) AS ms FROM contrib.otel_logs GROUP BY LogAttributes['provisioning.activity_id'])",
	},
}

func (b *timing) questions(ctx context.Context) error {
	var group, identity string
	if err := b.conn.QueryRow(ctx, "SELECT group_id, identity_id FROM ours.observations LIMIT 1").Scan(&group, &identity); err != nil {
		return err
	}
	fill := strings.NewReplacer("{group}", group, "{identity}", identity)
	logs := 0.0
	for _, q := range questions {
		ours, err := b.run(ctx, fill.Replace(q.ours))
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		contrib, err := b.run(ctx, fill.Replace(q.contrib))
		if err != nil {
			return fmt.Errorf("%s over contrib's table: %w", q.name, err)
		}
		ours.print(q.name)
		contrib.print("  over contrib's otel_logs")
		ratio := contrib.CPU / max(ours.CPU, 0.1)
		fmt.Printf("  CPU ratio %.1f, bytes read ratio %.1f\n", ratio, float64(contrib.Bytes)/float64(max(ours.Bytes, 1)))
		logs += math.Log(ratio)
	}
	fmt.Printf("BENCH clickhouse_query_cpu_ratio_vs_contrib %.3g ratio\n", math.Exp(logs/float64(len(questions))))
	return nil
}
