package heal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/heal"
)

// patient is a world with both stores filled, and a doctor for it.
type patient struct {
	*world
	store *provisioningclickhouseexporter.Client
	conn  driver.Conn
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{world: newWorld(t)}
	p.store, p.conn = p.database(t)
	return p
}

func (p *patient) doctor(t *testing.T) *heal.Doctor {
	return &heal.Doctor{Archive: p.view(t), ClickHouse: p.store, Since: p.now.Add(-72 * time.Hour), Until: p.now.Add(time.Hour)}
}

func (p *patient) diagnosis(t *testing.T) *heal.Diagnosis {
	t.Helper()
	d, err := p.doctor(t).Run(t.Context())
	require.NoError(t, err)
	return d
}

// exec runs a statement and waits until it is done.
func (p *patient) exec(t *testing.T, sql string) {
	t.Helper()
	require.NoError(t, p.conn.Exec(t.Context(), sql+" SETTINGS mutations_sync = 2"), sql)
}

func (p *patient) rows(t *testing.T, query string) (list []string) {
	t.Helper()
	rows, err := p.conn.Query(t.Context(), query)
	require.NoError(t, err)
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	return list
}

// problems are how many rows of each table have which problem in which store.
func problems(d *heal.Diagnosis) map[string]int64 {
	all := map[string]int64{}
	for _, f := range d.Findings {
		all[fmt.Sprintf("%s %s %s", f.Problem, f.Store, f.Table)] += f.Count
	}
	return all
}

func (p *patient) repairClickHouse(t *testing.T) {
	t.Helper()
	_, err := heal.Repair(t.Context(), p.view(t), p.store, p.diagnosis(t), nil)
	require.NoError(t, err)
	require.Empty(t, problems(p.diagnosis(t)))
}

func TestDoctorFindsAndRepairsWhatClickHouseLost(t *testing.T) {
	p := newPatient(t)
	p.fill(t, p.store, 1, 150)
	require.NoError(t, p.store.Write(t.Context(), p.others()))
	require.Equal(t, map[string]int64{
		"missing archive provisioning_quarantine": 1, "missing archive provisioning_reconciliations": 1,
	}, problems(p.diagnosis(t)))
	a, done := p.open(t)
	appending := p.doctor(t)
	appending.Append = func(ctx context.Context, batch *columnar.Batch) error {
		_, err := a.WriteColumns(ctx, []*columnar.Batch{batch})
		return err
	}
	_, err := appending.Run(t.Context())
	require.NoError(t, err)
	done()
	before := contents(t, p.conn, "")
	d := p.diagnosis(t)
	require.True(t, d.Equal, "%v", d.Findings)
	require.Equal(t, count(t, p.conn, "SELECT count() FROM observations"), uint64(d.ClickHouse))
	require.Equal(t, d.Archive, d.ClickHouse)

	const lost = "event_id < '08'"
	wanted := p.rows(t, "SELECT concat(formatDateTime(occurred_at, '%F %H'), ' ', event_id) FROM observations WHERE "+lost)
	p.exec(t, "ALTER TABLE provisioning_observations DELETE WHERE "+lost)
	d = p.diagnosis(t)
	require.False(t, d.Equal)
	require.Equal(t, int64(len(wanted)), problems(d)["missing clickhouse provisioning_observations"])
	for _, f := range d.Findings {
		for _, id := range f.IDs {
			if f.Problem == heal.Missing && f.Table == "provisioning_observations" {
				require.Contains(t, wanted, f.Hour.Format("2006-01-02 15")+" "+id)
			}
		}
	}
	p.repairClickHouse(t)

	var want []string
	for _, table := range []string{"activities", "groups", "transitions", "errors", "reports", "quarantine", "reconciliations"} {
		p.exec(t, "TRUNCATE TABLE provisioning_"+table)
		want = append(want, "missing clickhouse provisioning_"+table)
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(problems(p.diagnosis(t)))))
	p.repairClickHouse(t)
	p.exec(t, "ALTER TABLE provisioning_groups UPDATE failed_count = failed_count + 1 WHERE group_id = (SELECT min(group_id) FROM groups)")
	require.Equal(t, map[string]int64{"not summed clickhouse provisioning_groups": 1}, problems(p.diagnosis(t)))

	p.exec(t, "TRUNCATE TABLE provisioning_groups")
	p.repairClickHouse(t)
	after := contents(t, p.conn, "")
	for view := range before {
		require.Equal(t, before[view], after[view], view)
	}
}

func TestDoctorFindsALostState(t *testing.T) {
	p := newPatient(t)
	all := simulated(t, p.now, 1, 60)
	a, done := p.open(t)
	to := &sink{archive: a, store: p.store}
	slices.SortStableFunc(all, func(a, b observation) int { return int(a.OccurredAt) - int(b.OccurredAt) })
	p.process(t, to, all[:len(all)/2])
	require.Empty(t, problems(p.diagnosis(t)))
	p.process(t, to, all[len(all)/2:]) // a processor without the first one's state
	done()
	found := problems(p.diagnosis(t))
	require.Positive(t, found["outdated both provisioning_activities"], "%v", found)
}

// TestWhatWasFoldedAwayIsNotOutdated: attempts that failed after the stores had their records left
// activities that never stand again.
func TestWhatWasFoldedAwayIsNotOutdated(t *testing.T) {
	p := newPatient(t)
	all := simulated(t, p.now, 1, 60)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	a, done := p.open(t)
	to := &sink{archive: a, store: p.store}
	processor := p.processor(t, to)
	for batch := range slices.Chunk(all, 100) {
		to.err = errors.New("stored, and not acknowledged")
		require.Error(t, processor.ConsumeLogs(t.Context(), logsOf(batch[:len(batch)/2])))
		to.err = nil
		slices.Reverse(batch)
		for again := range slices.Chunk(batch, 10) {
			require.NoError(t, processor.ConsumeLogs(t.Context(), logsOf(again)))
		}
	}
	require.NoError(t, processor.Shutdown(context.Background()))
	done()
	require.NotEmpty(t, p.rows(t, `SELECT activity_id FROM (SELECT activity_id, countIf(record_type = 'observation') AS n, argMax(state_seq, version) AS folded, argMax(folded_into, version) AS into
		FROM observations GROUP BY activity_id) WHERE n > folded AND into != ''`))
	require.Empty(t, problems(p.diagnosis(t)))
}

func TestDoctorFindsTwoCollectors(t *testing.T) {
	p := newPatient(t)
	all := simulated(t, p.now, 1, 60)
	a, done := p.open(t)
	var halves [2][]observation
	for i := range all {
		halves[i%2] = append(halves[i%2], all[i])
	}
	for _, half := range halves {
		p.process(t, &sink{archive: a, store: p.store}, half)
	}
	done()
	found := problems(p.diagnosis(t))
	require.Positive(t, found["doubled clickhouse provisioning_observations"], "%v", found)
	require.Positive(t, found["outdated both provisioning_activities"], "%v", found)
}

func TestDoctorRepairsTheArchive(t *testing.T) {
	p := newPatient(t)
	p.now = p.now.Add(-3 * time.Hour) // the hour of receipt is over
	all := simulated(t, p.now, 1, 150)
	options := archive.Options{KeyFile: p.dir + "-signing-key.pem", Now: func() time.Time { return p.now }}
	a, err := archive.Open(t.Context(), p.dir, options)
	require.NoError(t, err)
	n := 0
	p.process(t, &sink{archive: a, store: p.store, skip: func() bool { n++; return n == 2 }}, all)
	require.NoError(t, a.Close())
	options.Now = time.Now
	a, err = archive.Open(t.Context(), p.dir, options)
	require.NoError(t, err)
	sealed, err := a.SealDue(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, sealed)
	before, err := archive.Files(t.Context(), p.dir)
	require.NoError(t, err)

	found := problems(p.diagnosis(t))
	missing := found["missing archive provisioning_observations"]
	require.Positive(t, missing)
	d := p.doctor(t)
	d.Append = func(ctx context.Context, batch *columnar.Batch) error {
		_, err := a.WriteColumns(ctx, []*columnar.Batch{batch})
		return err
	}
	_, err = d.Run(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.Empty(t, problems(p.diagnosis(t)))

	files, err := archive.Files(t.Context(), p.dir)
	require.NoError(t, err)
	for _, f := range files {
		if !slices.Contains(before, f) {
			require.Greater(t, f.Hour, sealed[len(sealed)-1], "a sealed hour got %s", f.Name)
		}
	}
	keys, err := archive.LoadPublicKeys(archive.PublicKeyPath(options.KeyFile))
	require.NoError(t, err)
	v, err := archive.Verify(t.Context(), p.dir, archive.VerifyOptions{Keys: keys})
	require.NoError(t, err)
	require.True(t, v.OK(), "%v", v.Problems)

	to, restored := p.database(t)
	_, err = (&heal.Restore{From: p.view(t), To: to}).Run(t.Context())
	require.NoError(t, err)
	requireEqualStores(t, p.conn, restored)
}

// TestRowsOfALostFileComeBack: a file of an hour that was not sealed yet is deleted. The seal
// names it, and the doctor appends its rows from ClickHouse.
func TestRowsOfALostFileComeBack(t *testing.T) {
	p := newPatient(t)
	p.now = p.now.Add(-3 * time.Hour)
	options := archive.Options{KeyFile: p.dir + "-signing-key.pem", Now: func() time.Time { return p.now }}
	a, err := archive.Open(t.Context(), p.dir, options)
	require.NoError(t, err)
	p.process(t, &sink{archive: a, store: p.store}, simulated(t, p.now, 1, 100))
	require.NoError(t, a.Heartbeat(t.Context()))
	require.NoError(t, a.Close())
	files, err := archive.Files(t.Context(), p.dir)
	require.NoError(t, err)
	gone := files[len(files)/2]
	require.NoError(t, os.Remove(filepath.Join(p.dir, gone.Name)))
	require.NoError(t, os.Remove(filepath.Join(p.dir, "_open", gone.Name)), "the archive would bring it back")

	var lost []string
	options.Now = time.Now
	options.Lost = func(_ archive.Hour, names []string) { lost = append(lost, names...) }
	a, err = archive.Open(t.Context(), p.dir, options)
	require.NoError(t, err)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{gone.Name}, lost)
	require.Positive(t, problems(p.diagnosis(t))["missing archive provisioning_observations"])
	d := p.doctor(t)
	d.Append = func(ctx context.Context, batch *columnar.Batch) error {
		_, err := a.WriteColumns(ctx, []*columnar.Batch{batch})
		return err
	}
	_, err = d.Run(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	require.Empty(t, problems(p.diagnosis(t)), "every row is back, with its event id")

	keys, err := archive.LoadPublicKeys(archive.PublicKeyPath(options.KeyFile))
	require.NoError(t, err)
	v, err := archive.Verify(t.Context(), p.dir, archive.VerifyOptions{Keys: keys})
	require.NoError(t, err)
	require.Len(t, v.Problems, 1)
	require.Equal(t, gone.Name, v.Problems[0].Name)
	require.Contains(t, v.Problems[0].Detail, "--repair archive")
}
