package heal_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/heal"
)

// contents are the rows of each view, some columns left out.
func contents(t *testing.T, conn driver.Conn, except string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, view := range []string{"observations", "activities", "groups", "quarantine", "reconciliations", "transitions", "status_hourly", "errors", "passwords_changed"} {
		columns := "*"
		if except != "" {
			columns = "* EXCEPT (" + except + ")"
		}
		rows, err := conn.Query(t.Context(), fmt.Sprintf("SELECT toString(tuple(%s)) AS row FROM %s ORDER BY row", columns, view))
		require.NoError(t, err)
		all[view] = []string{}
		for rows.Next() {
			var row string
			require.NoError(t, rows.Scan(&row))
			all[view] = append(all[view], row)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return all
}

func requireEqualStores(t *testing.T, want, have driver.Conn) {
	t.Helper()
	before, after := contents(t, want, ""), contents(t, have, "")
	for view := range before {
		require.NotEmpty(t, before["observations"])
		require.Equal(t, before[view], after[view], view)
	}
}

func count(t testing.TB, conn driver.Conn, query string) (n uint64) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&n), query)
	return n
}

// failing is a store that fails after some writes.
type failing struct {
	heal.Target
	left atomic.Int64
}

var errFull = errors.New("the disk is full")

func (f *failing) Write(ctx context.Context, batches []*columnar.Batch) error {
	if f.left.Add(-1) < 0 {
		return errFull
	}
	return f.Target.Write(ctx, batches)
}

func TestRestoreGoesOnWhereItEnded(t *testing.T) {
	w := newWorld(t)
	store, live := w.database(t)
	w.fill(t, store, 1, 400)
	a, done := w.open(t)
	batches := w.others()
	_, err := a.WriteColumns(t.Context(), batches)
	require.NoError(t, err)
	require.NoError(t, store.Write(t.Context(), batches))
	done()

	to, restored := w.database(t)
	r := heal.Restore{From: w.view(t), To: to, Name: "x", ChunkRows: 700}
	for writes := int64(1); ; writes += 2 {
		broken := &failing{Target: to}
		broken.left.Store(writes)
		r.To = broken
		var result heal.Restored
		if result, err = r.Run(t.Context()); err == nil {
			require.Positive(t, result.Skipped, "it went on")
			break
		}
		require.ErrorIs(t, err, errFull)
	}
	requireEqualStores(t, live, restored)
	const statements = "SELECT sum(sipHash64(tuple(*))) FROM completeness"
	require.Equal(t, count(t, live, statements), count(t, restored, statements))

	r.To = to
	again, err := r.Run(t.Context())
	require.NoError(t, err)
	require.Zero(t, again.Skipped, "a restore that had ended begins anew")
	requireEqualStores(t, live, restored)

	broken := &failing{Target: to}
	broken.left.Store(5)
	r.To = broken
	_, err = r.Run(t.Context())
	require.ErrorIs(t, err, errFull)
	require.NoError(t, restored.Exec(t.Context(), "TRUNCATE TABLE provisioning_activities"))
	r.To = to
	again, err = r.Run(t.Context())
	require.NoError(t, err)
	require.Zero(t, again.Skipped, "what it had stored was lost meanwhile")
	requireEqualStores(t, live, restored)
}

func TestRestoreOfAPart(t *testing.T) {
	w := newWorld(t)
	store, live := w.database(t)
	w.fill(t, store, 1, 100)
	f := func(filter heal.Filter, where string) {
		t.Helper()
		to, restored := w.database(t)
		r := heal.Restore{From: w.view(t), To: to, Name: "x", Filter: filter}
		_, err := r.Run(t.Context())
		if count(t, live, "SELECT count() FROM observations WHERE "+where) == 0 {
			require.ErrorIs(t, err, heal.ErrNothing)
			return
		}
		require.NoError(t, err)
		for _, query := range []string{
			"SELECT sum(sipHash64(event_id, version)) FROM observations WHERE " + where,
			"SELECT sum(sipHash64(group_id, group_status, activities, version, last_at)) FROM groups WHERE group_id IN (SELECT group_id FROM provisioning_observations WHERE " + where + ")",
		} {
			require.Equal(t, count(t, live, query), count(t, restored, query), query)
		}
		require.Zero(t, count(t, restored, "SELECT count() FROM observations WHERE NOT ("+where+")"))
	}
	var group, identity string
	require.NoError(t, live.QueryRow(t.Context(), "SELECT group_id, identity_name FROM activities WHERE identity_name != '' ORDER BY group_id LIMIT 1").Scan(&group, &identity))
	half := w.now.Add(-12 * time.Hour)
	f(heal.Filter{Group: []string{group}}, "group_id = '"+group+"'")
	f(heal.Filter{Identity: []string{strings.ToUpper(identity)}}, "identity_name = '"+strings.ReplaceAll(identity, "'", `\'`)+"'")
	f(heal.Filter{Until: half}, fmt.Sprintf("occurred_at < fromUnixTimestamp64Micro(toInt64(%d))", half.UnixMicro()))
	f(heal.Filter{Since: half, Tenant: []string{"acme"}}, fmt.Sprintf("occurred_at >= fromUnixTimestamp64Micro(toInt64(%d))", half.UnixMicro()))
	f(heal.Filter{Tenant: []string{"other"}}, "tenant = 'other'")
}

// BenchmarkRestore compares restoring with ClickHouse reading the same files itself.
func BenchmarkRestore(b *testing.B) {
	w := newWorld(b)
	w.fill(b, nil, 1, 6000)
	w.server = clickhousetest.StartOwn(b, clickhousetest.WithReadable(w.dir))
	rows := 0.0
	var own, whole, theirs time.Duration
	for b.Loop() {
		to, restored := w.database(b)
		begin := time.Now()
		begun := begin
		r := heal.Restore{From: w.view(b), To: to, Name: "x", Progress: func(step string, _, _ int64) {
			if step == "groups" && begun.Equal(begin) {
				begun = time.Now()
			}
		}}
		result, err := r.Run(b.Context())
		require.NoError(b, err)
		own += begun.Sub(begin)
		whole += time.Since(begin)
		rows += float64(result.Rows)

		_, conn := w.database(b)
		columns := strings.Join(archive.Columns(), ", ")
		begin = time.Now()
		require.NoError(b, conn.Exec(b.Context(), "INSERT INTO provisioning_observations ("+columns+") SELECT "+columns+" FROM file('"+
			filepath.Join(w.dir, "tenant=*", "date=*", "hour=*", "*.parquet")+"', Parquet) SETTINGS max_partitions_per_insert_block = 0, use_hive_partitioning = 0"))
		theirs += time.Since(begin)
		const events = "SELECT uniqExact(event_id) FROM provisioning_observations"
		require.Equal(b, count(b, conn, events), count(b, restored, events))
	}
	b.ReportMetric(rows/own.Seconds(), "rows/s")
	b.ReportMetric(rows/whole.Seconds(), "rows_with_groups/s")
	b.ReportMetric(rows/theirs.Seconds(), "clickhouse_rows/s")
	b.ReportMetric(theirs.Seconds()/own.Seconds(), "ratio")
	b.ReportMetric(theirs.Seconds()/whole.Seconds(), "ratio_with_groups")
}
