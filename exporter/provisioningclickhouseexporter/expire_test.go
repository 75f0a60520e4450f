package provisioningclickhouseexporter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/provisioning/record"
)

const newestDay = 20

// twentyDays are records of a day each, the last of newestDay, as they were received.
func twentyDays(t *testing.T, f *fixture) time.Time {
	t.Helper()
	begin := monday.AsTime().Truncate(24 * time.Hour).Add(12 * time.Hour)
	var all []record.Record
	var allGroups []record.Group
	for d := range newestDay + 1 {
		list, groups := history(4)
		list, groups = list[12:], groups[6:] // of a group that failed
		at := pcommon.NewTimestampFromTime(begin.AddDate(0, 0, d))
		for i := range list {
			r := &list[i]
			r.EventID[0], r.ActivityID[0], r.EventID[1] = byte(d+1), byte(d+1), byte(i)
			r.GroupID, r.GroupNumber = fmt.Sprint("day-", d), int64(d+1)
			r.OccurredAt, r.ObservedAt, r.FirstFailedAt = at, at, at
		}
		for i := range groups {
			groups[i].ID, groups[i].Number = fmt.Sprint("day-", d), int64(d+1)
			groups[i].FirstAt, groups[i].LastAt, groups[i].ObservedAt = at, at, at
		}
		all, allGroups = append(all, list...), append(allGroups, groups...)
	}
	require.NoError(t, f.pushLogs(t.Context(), logsOf(all, allGroups)))
	return begin.AddDate(0, 0, newestDay)
}

// days are the days that a table still has.
func days(t *testing.T, f *fixture, table, column string) (first, count uint64) {
	t.Helper()
	query := fmt.Sprintf("SELECT toUInt64(ifNull(min(d), 0)), count() FROM (SELECT DISTINCT dateDiff('day', toDate('%s'), toDate(%s)) AS d FROM %s)",
		monday.AsTime().Format(time.DateOnly), column, table)
	require.NoError(t, f.conn.QueryRow(t.Context(), query).Scan(&first, &count), query)
	return first, count
}

// TestAJumpOfTheClockRemovesNothing: neither that of the collector, nor that of the server,
// which is that of today.
func TestAJumpOfTheClockRemovesNothing(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL, c.RollupTTL, c.QuarantineTTL = 7*day, 10*day, 7*day })
	newest := twentyDays(t, f)
	columns := map[string]string{
		"provisioning_observations": "observed_at", "provisioning_activities": "observed_at", "provisioning_groups": "observed_at",
		"provisioning_transitions": "hour", "provisioning_reports": "hour", "provisioning_errors": "occurred_at",
	}
	have := func(want map[string]uint64) {
		t.Helper()
		for table, column := range columns {
			require.NoError(t, f.conn.Exec(t.Context(), "OPTIMIZE TABLE "+table+" FINAL"))
			first, count := days(t, f, table, column)
			require.Equal(t, want[table], first, table)
			require.Equal(t, newestDay+1-want[table], count, table)
		}
	}
	everything := map[string]uint64{}
	have(everything)
	for _, jump := range []time.Duration{-time.Hour, -24 * time.Hour, -365 * day} {
		_, err := f.tables.expire(t.Context(), newest.Add(jump-13*day))
		require.NoError(t, err)
		have(everything)
	}
	// Of the days before the ttl rows are removed, whether the clock is right or ahead.
	kept := map[string]uint64{
		"provisioning_observations": newestDay - 7, "provisioning_activities": newestDay - 7, "provisioning_groups": newestDay - 7,
		"provisioning_transitions": newestDay - 10, "provisioning_reports": newestDay - 10, "provisioning_errors": newestDay - 10,
	}
	for _, jump := range []time.Duration{0, time.Hour, 24 * time.Hour, 365 * day} {
		expired, err := f.tables.expire(t.Context(), newest.Add(jump))
		require.NoError(t, err)
		require.Equal(t, newest, expired.Until.UTC())
		have(kept)
		require.Equal(t, fmt.Sprintf("rows before %d s since 1970 have expired", newest.Add(-7*day).Truncate(24*time.Hour).Unix()),
			one[string](t, f, "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'provisioning_observations'"))
		if jump > 0 {
			require.Empty(t, expired.Tables, "once a day")
		}
	}
}

// TestReceiptsOfAClockThatWasAhead expire with their vendor's times, and hold nothing back.
func TestReceiptsOfAClockThatWasAhead(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL = 7 * day })
	newest := twentyDays(t, f)
	list, _ := history(1)
	list[0].EventID[1] = 77
	list[0].GroupID, list[0].OccurredAt = "ahead", monday
	list[0].ObservedAt = pcommon.NewTimestampFromTime(newest.Add(365 * day))
	require.NoError(t, f.pushLogs(t.Context(), records(list[0])))
	// A wrong time of the vendor proves nothing.
	list[1].EventID[1], list[1].OccurredAt = 78, pcommon.NewTimestampFromTime(newest.Add(3650*day))
	list[1].ObservedAt = pcommon.NewTimestampFromTime(newest)
	require.NoError(t, f.pushLogs(t.Context(), records(list[1])))

	expired, err := f.tables.expire(t.Context(), newest.Add(365*day))
	require.NoError(t, err)
	require.Equal(t, newest, expired.Until.UTC())
	count := func() uint64 {
		return one[uint64](t, f, "SELECT count() FROM provisioning_observations WHERE group_id = 'ahead'")
	}
	require.Equal(t, uint64(1), count(), "the clock is still ahead")
	_, err = f.tables.expire(t.Context(), newest)
	require.NoError(t, err)
	require.Zero(t, count())
	first, _ := days(t, f, "provisioning_observations", "occurred_at")
	require.EqualValues(t, newestDay-7, first)
}

func TestNothingExpiresWithoutAVendorsTime(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL = day })
	list, groups := history(1)
	for i := range list {
		list[i].OccurredAt, list[i].ObservedAt = 0, monday
	}
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	expired, err := f.tables.expire(t.Context(), time.Now())
	require.NoError(t, err)
	require.Equal(t, schema.Expired{}, expired)
}

// TestTheTTLOfTheServerGoes: tables of before had one.
func TestTheTTLOfTheServerGoes(t *testing.T) {
	f := start(t, func(c *Config) { c.TTL = 7 * day })
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_groups MODIFY TTL toDateTime(observed_at) + INTERVAL 7 DAY"))
	f.tables.ready = false
	require.NoError(t, f.tables.ensure(t.Context()))
	require.Zero(t, one[uint64](t, f, "SELECT countIf(position(engine_full, ' TTL ') > 0) FROM system.tables WHERE database = currentDatabase()"))
}
