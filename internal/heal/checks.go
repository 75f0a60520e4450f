package heal

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// bounded are settings that keep large aggregations and joins on disk.
const bounded = " SETTINGS max_bytes_before_external_group_by = 500000000, max_bytes_before_external_sort = 500000000, join_algorithm = 'grace_hash'"

// check is a query for an hour and an id, with a comma, of each thing that is wrong.
type check struct {
	problem Problem
	store   string
	table   string
	query   string
}

// checkStates finds what is wrong within ClickHouse: states and summaries that are not those
// of the stored records.
func (d *Doctor) checkStates(ctx context.Context) error {
	names := strings.NewReplacer(
		"{observations}", d.ClickHouse.All(observations), "{activities}", d.ClickHouse.Table("activities"),
		"{lookup}", d.ClickHouse.Table("provisioning_activities"), "{groups}", d.ClickHouse.Table("groups"),
		"{period}", d.period(), "{since}", strconv.FormatInt(d.Since.UnixMicro(), 10),
		"{until}", strconv.FormatInt(d.Until.UnixMicro(), 10), "{expired}", strconv.FormatInt(max(d.expired.UnixMicro(), 0), 10),
		"{counts}", counts(""), "{have}", counts("g."),
	)
	for _, c := range []check{
		// The activity's row is older than its newest record, or gone. A row that was folded
		// away is gone rightly.
		{Missing, inClickHouse, "provisioning_activities", `SELECT o.hour, o.id FROM (
				SELECT activity_id AS id, max(version) AS v, argMax(folded_into, version) AS folded, intDiv(toUnixTimestamp(max(occurred_at)), 3600) AS hour
				FROM {observations} WHERE current AND {period} GROUP BY activity_id) AS o
			LEFT JOIN (SELECT activity_id AS id, version AS v FROM {activities}) AS a ON a.id = o.id
			WHERE o.folded = '' AND a.v < o.v`},
		// More observations of the activity are stored than its newest state was made of: the
		// processor had lost its state. Observations of an activity that was folded away are in
		// another one.
		{Outdated, inBoth, "provisioning_activities", `SELECT hour, id FROM (
				SELECT activity_id AS id, uniqExactIf(event_id, record_type = 'observation') AS n, argMaxIf(state_seq, version, current) AS folded,
					argMaxIf(folded_into, version, current) AS folded_into, max({period}) AS recent, intDiv(toUnixTimestamp(max(occurred_at)), 3600) AS hour
				FROM {observations} GROUP BY activity_id)
			WHERE n > folded AND folded_into = '' AND recent`},
		// Two collectors that did not know of each other made the newest state.
		{Doubled, inClickHouse, observations, `SELECT hour, id FROM (
				SELECT activity_id AS id, argMax(n, version) AS n, max(hour) AS hour FROM (
					SELECT activity_id, version, greatest(uniqExact(event_id), uniqExact(status, state_seq, folded_into)) AS n, intDiv(toUnixTimestamp(max(occurred_at)), 3600) AS hour
					FROM {observations} WHERE current AND {period} GROUP BY activity_id, version)
				GROUP BY activity_id)
			WHERE n > 1`},
		{Doubled, inClickHouse, "provisioning_activities", `SELECT hour, id FROM (
				SELECT activity_id AS id, argMax(n, version) AS n, max(hour) AS hour FROM (
					SELECT activity_id, version, greatest(uniqExact(event_id), uniqExact(status, state_seq, folded_into)) AS n, intDiv(toUnixTimestamp(max(occurred_at)), 3600) AS hour
					FROM {lookup} WHERE {period} GROUP BY activity_id, version)
				GROUP BY activity_id)
			WHERE n > 1`},
		{Missing, inClickHouse, "provisioning_groups", `SELECT hour, id FROM (
				SELECT tenant, group_id AS id, intDiv(toUnixTimestamp(max(occurred_at)), 3600) AS hour FROM {observations} WHERE {period} GROUP BY tenant, group_id) AS a
			LEFT ANTI JOIN {groups} AS g ON g.group_id = a.id AND g.tenant = a.tenant`},
		{NotSummed, inClickHouse, "provisioning_groups", `SELECT intDiv(toUnixTimestamp(g.last_at), 3600) AS hour, g.group_id AS id FROM {groups} AS g
			INNER JOIN (SELECT tenant, group_id, {counts} AS have FROM {activities} GROUP BY tenant, group_id) AS a ON a.group_id = g.group_id AND a.tenant = g.tenant
			WHERE a.have != {have} AND g.first_at >= fromUnixTimestamp64Micro(toInt64({since})) AND g.last_at < fromUnixTimestamp64Micro(toInt64({until})) AND g.observed_at >= fromUnixTimestamp64Micro(toInt64({expired}))`},
	} {
		if d.ClickHouse.Clustered() && strings.Contains(c.query, "{lookup}") {
			continue // each server has its own
		}
		if err := d.run(ctx, c, names.Replace(c.query)); err != nil {
			return err
		}
	}
	return nil
}

// counts are the numbers of a group's activities in each status: of rows of activities, or of
// the columns of a summary.
func counts(summary string) string {
	var list []string
	for _, s := range provisioning.Statuses {
		if summary != "" {
			list = append(list, "toInt64("+summary+record.CountColumn(s)+")")
		} else {
			list = append(list, "toInt64(countIf(status = "+literal(s.String())+"))")
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// run runs a check. It reads a number for each hour and some ids, not all.
func (d *Doctor) run(ctx context.Context, c check, query string) error {
	d.Progress("checking "+c.table, 0, 1)
	rows, err := d.ClickHouse.Strings(ctx, fmt.Sprintf("SELECT concatWithSeparator(',', toString(hour), toString(count()), arrayStringConcat(groupArraySorted(%d)(toString(id)), ',')) FROM (%s) GROUP BY hour%s",
		maxIDs, query, bounded))
	if err != nil {
		return fmt.Errorf("%s: %w", c.table, err)
	}
	for _, row := range rows {
		parts := strings.Split(row, ",")
		hour, err := strconv.ParseUint(parts[0], 10, 32)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return err
		}
		d.add(c.problem, c.store, c.table, uint32(hour), n, parts[2:]...)
	}
	return nil
}

// checkRollups compares what the materialized views made of the stored observations with what
// they would make of them, a day at a time.
func (d *Doctor) checkRollups(ctx context.Context) error {
	if d.ClickHouse.Clustered() {
		d.d.Notes = append(d.d.Notes, "transitions, reports and errors are not checked in a cluster: each server has its own")
		return nil
	}
	const keys = "hour, tenant, source_name, kind, operation, cause, status, outcome"
	days, err := d.ClickHouse.Strings(ctx, "SELECT DISTINCT toString(toDate(occurred_at)) AS day FROM "+d.ClickHouse.All(observations)+" WHERE "+d.period()+" ORDER BY day")
	if err != nil {
		return err
	}
	for _, day := range days {
		from, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return err
		}
		until := from.AddDate(0, 0, 1)
		for _, c := range []struct{ table, column, query string }{
			{"provisioning_transitions", "hour", "SELECT toUInt32(intDiv(toUnixTimestamp(hour), 3600)) AS hour, toString(group_number) AS id FROM (" +
				"SELECT hour, tenant, status, group_number, activity, max(version) AS newest FROM ({made}) WHERE {day} GROUP BY ALL HAVING argMax(folded, version) = 0" +
				" EXCEPT DISTINCT SELECT hour, tenant, status, group_number, activity, version FROM {table} FINAL WHERE {day})"},
			{"provisioning_errors", "occurred_at", "SELECT toUInt32(intDiv(toUnixTimestamp(occurred_at), 3600)) AS hour, toString(activity) AS id FROM (" +
				"SELECT occurred_at, tenant, source, error, activity FROM ({made}) WHERE {day} EXCEPT DISTINCT SELECT occurred_at, tenant, source, error, activity FROM {table} WHERE {day})"},
			{"provisioning_reports", "hour", "SELECT toUInt32(intDiv(toUnixTimestamp(m.hour), 3600)) AS hour, toString(m.source_name) AS id FROM " +
				"(SELECT " + keys + ", finalizeAggregation(observations) AS n FROM ({made}) WHERE {day}) AS m LEFT JOIN " +
				"(SELECT " + keys + ", uniqExactMerge(observations) AS n FROM {table} WHERE {day} GROUP BY " + keys + ") AS h USING (" + keys + ") WHERE h.n < m.n"},
		} {
			made, err := d.ClickHouse.Strings(ctx, "SELECT as_select FROM system.tables WHERE concat('`', database, '`.`', name, '`') = "+literal(d.ClickHouse.Table(c.table+"_from_observations")))
			if err != nil {
				return err
			}
			if len(made) == 0 {
				d.add(Missing, inClickHouse, c.table+"_from_observations", 0, 1)
				continue
			}
			first, last := clock.Latest(from, d.Since.Truncate(time.Hour)), clock.Earliest(until, d.Until)
			day := fmt.Sprintf("%s >= toDateTime(%d, 'UTC') AND %s < toDateTime(%d, 'UTC')", c.column, first.Unix(), c.column, last.Unix())
			query := strings.NewReplacer("{made}", made[0], "{day}", day, "{table}", d.ClickHouse.Table(c.table)).Replace(c.query)
			if err := d.run(ctx, check{Missing, inClickHouse, c.table, ""}, query); err != nil {
				return err
			}
		}
	}
	return nil
}
