package provisioningclickhouseexporter

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"
)

// TestQueriesReadOnlyWhatTheyNeed: of 400,000 observations of a week, made in the
// server, each question reads the hours or the granules it is about.
func TestQueriesReadOnlyWhatTheyNeed(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	const rows = 400_000
	require.NoError(t, f.conn.Exec(clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_partitions_per_insert_block": 0})), `
		INSERT INTO provisioning_observations (event_id, tenant, group_id, group_number, activity_id, status, record_type, current, version, source_name,
			identity_id, identity_name, account_id, kind, feed, vendor_id, vendor_created_at, occurred_at, timed, observed_at, original)
		SELECT lower(hex(sipHash128(number))), 'acme', lower(hex(sipHash128(intDiv(number, 8), 1))), intDiv(number, 8), lower(hex(sipHash128(intDiv(number, 2), 2))),
			['Pending', 'Committed'][1 + number % 2], 'observation', true, 2 * (1 + number % 2), concat('source ', toString(number % 20)),
			lower(hex(sipHash128(intDiv(number, 80), 3))), concat('Person ', toString(intDiv(number, 80))), toString(intDiv(number, 80)), 'provisioning', 'search', lower(hex(sipHash128(intDiv(number, 4)))),
			toDateTime64('2026-09-28', 6, 'UTC') + intDiv(number * 604800, 400000), toDateTime64('2026-09-28', 6, 'UTC') + intDiv(number * 604800, 400000), true, toDateTime64('2026-09-28', 6, 'UTC') + intDiv(number * 604800, 400000) + 60, '{}'
		FROM numbers(400000)`))
	require.Equal(t, uint64(rows), one[uint64](t, f, "SELECT count() FROM observations"))

	require.NoError(t, f.conn.Exec(t.Context(), "INSERT INTO provisioning_reconciliations (tenant, feed, hour, event_id) "+
		"SELECT 'acme', 'search', toDateTime('2026-09-28', 'UTC') + toIntervalHour(number), toString(number) FROM numbers(168)"))

	read := func(query string) (n uint64) {
		t.Helper()
		ctx := clickhouse.Context(t.Context(), clickhouse.WithProgress(func(p *clickhouse.Progress) { n += p.Rows }))
		result, err := f.conn.Query(ctx, query)
		require.NoError(t, err, query)
		found := 0
		for result.Next() {
			found++
		}
		require.NoError(t, result.Err())
		require.NotZero(t, found, query)
		return n
	}
	const group = "lower(hex(sipHash128(toUInt64(12345), toUInt8(1))))"
	check := func(most uint64, query string) {
		t.Helper()
		require.LessOrEqual(t, read(query), most, query)
	}
	check(3*8192, "SELECT status, count() FROM observations WHERE occurred_at >= '2026-10-02 10:00:00' AND occurred_at < '2026-10-02 13:00:00' GROUP BY status")
	check(rows/7+2*8192, "SELECT toStartOfInterval(occurred_at, INTERVAL 10 MINUTE) AS time, status, count() FROM observations WHERE occurred_at >= '2026-09-30' AND occurred_at < '2026-10-01' GROUP BY ALL")
	check(7*2*8192, "SELECT * FROM observations WHERE group_id = (SELECT "+group+")")
	check(2*8192, "SELECT * FROM activities WHERE group_number = 12345")
	// As the dashboards ask.
	check(7*2*8192, "WITH (SELECT "+group+") AS text SELECT * FROM observations WHERE group_id = text OR toString(group_number) = text")
	check(4*8192, "SELECT * FROM activities WHERE group_id = '12345' OR toString(group_number) = '12345'")
	check(7*2*8192, "SELECT * FROM observations WHERE identity_id = 'Person 77' OR lowerUTF8(identity_name) = lowerUTF8('PERSON 77')")
	check(rows/7+3*8192, "SELECT hour, status, sum(activities) FROM status_hourly WHERE hour >= '2026-09-30 00:00:00' AND hour < '2026-10-01 00:00:00' GROUP BY ALL")
	check(5*8192, "SELECT * FROM completeness WHERE hour >= '2026-10-02 10:00:00' AND hour < '2026-10-02 13:00:00'")
}
