package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestCoverage writes hours of each kind for two tenants and looks at every cell.
func TestCoverage(t *testing.T) {
	dir := t.TempDir()
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	now := noon
	opt := archive.Options{Keys: keys, Now: func() time.Time { return now }}
	a, err := archive.Open(t.Context(), dir, opt)
	require.NoError(t, err)
	n := 0
	write := func(tenant string, rows, quarantined int) {
		t.Helper()
		b := archive.Batch{}
		for range rows {
			n++
			r := state(n, 2, provisioning.StatusSuccess, func(r *record.Record) { r.Tenant = tenant })
			r.OccurredAt = pcommon.NewTimestampFromTime(now)
			r.ObservedAt = r.OccurredAt
			b.Records = append(b.Records, r)
		}
		for range quarantined {
			n++
			q := &record.Quarantined{Tenant: tenant, Position: int64(n), ObservedAt: pcommon.NewTimestampFromTime(now)}
			q.EventID = record.QuarantineID(q)
			b.Quarantined = append(b.Quarantined, q)
		}
		_, err := a.Write(t.Context(), b)
		require.NoError(t, err)
	}
	seal := func() {
		t.Helper()
		now = now.Truncate(time.Hour).Add(time.Hour)
		_, err := a.SealDue(t.Context())
		require.NoError(t, err)
	}
	files := func(part string) (paths []string) {
		t.Helper()
		list, err := archive.Files(t.Context(), dir)
		require.NoError(t, err)
		for _, f := range list {
			if strings.Contains(f.Name, part) {
				paths = append(paths, filepath.Join(dir, f.Name))
			}
		}
		require.NotEmpty(t, paths)
		return paths
	}

	write("acme", 2, 3) // 12: sealed, with a quarantine
	write("zeta", 1, 0)
	seal()
	write("acme", 1, 0) // 13: nothing runs from 13:00 to 13:25
	require.NoError(t, a.Close())
	now = now.Add(25 * time.Minute)
	a, err = archive.Open(t.Context(), dir, opt)
	require.NoError(t, err)
	seal()
	write("acme", 4, 0) // 14: a file that cannot be read when the hour is sealed
	require.NoError(t, os.WriteFile(files("tenant=acme/date=2026-11-22/hour=14")[0], []byte("no Parquet"), 0o600))
	seal()
	write("acme", 1, 0) // 15: a file that is gone before the hour is sealed
	gone := files("tenant=acme/date=2026-11-22/hour=15")[0]
	require.NoError(t, os.Remove(gone))
	require.NoError(t, os.Remove(strings.Replace(gone, dir, filepath.Join(dir, "_open"), 1)), "it would bring the file back")
	seal()
	write("acme", 5, 1) // 16: a sealed file that is removed, and the quarantine too
	seal()
	for _, part := range []string{"tenant=acme/date=2026-11-22/hour=16", "quarantine/date=2026-11-22/hour=16"} {
		require.NoError(t, os.Remove(files(part)[0]))
	}
	write("acme", 6, 0) // 17: its seal is removed
	seal()
	seal()              // 18: sealed without rows
	write("zeta", 7, 2) // 19: open
	now = now.Truncate(time.Hour).Add(30 * time.Minute)
	require.NoError(t, os.Remove(filepath.Join(dir, "_chain", "date=2026-11-22", "hour=17.seal")))

	for n, verdict := range []record.Verdict{record.VerdictAgreed, record.VerdictShort, record.VerdictUnknown} {
		for _, feed := range []provisioning.Feed{provisioning.FeedREST, provisioning.FeedEvents} {
			statement := record.Reconciliation{
				Tenant: "zeta", Feed: feed, Hour: pcommon.NewTimestampFromTime(noon.Add(time.Duration(n) * time.Hour)),
				ObservedAt: pcommon.NewTimestampFromTime(now), Verdict: record.VerdictAgreed,
			}
			if feed == provisioning.FeedREST {
				statement.Verdict = verdict
			}
			statement.EventID = provisioning.ID{byte(n), feed[0]}
			_, err := a.Write(t.Context(), archive.Batch{Reconciliations: []*record.Reconciliation{&statement}})
			require.NoError(t, err)
		}
	}
	f := Filter{From: noon.Add(-2 * time.Hour), To: noon.Add(8 * time.Hour), AllowUnproven: true}
	got := map[string]string{}
	for _, row := range pull(t, dir, f).sheets["coverage.csv"] {
		var cells []string
		for _, c := range coverageColumns[2:] {
			cells = append(cells, row[c])
		}
		got[row["tenant"]+" "+row["hour"][11:13]] = strings.Join(cells, ",")
	}
	require.NoError(t, a.Close())
	// state, files, rows, expired, absent, lost, damaged, quarantined, gap, reconciled
	require.Equal(t, map[string]string{
		"acme 11": "before,0,0,0,0,0,0,0,,not asked",
		"acme 12": "sealed,1,2,0,0,0,0,3,0,not asked",
		"acme 13": "sealed,1,1,0,0,0,0,0,1500,not asked",
		"acme 14": "damaged,1,0,0,0,0,1,0,0,not asked",
		"acme 15": "damaged,0,0,0,0,1,0,0,0,not asked",
		"acme 16": "missing,0,0,0,1,0,0,,0,not asked",
		"acme 17": "missing,1,6,0,0,0,0,0,,not asked",
		"acme 18": "sealed,0,0,0,0,0,0,0,0,not asked",
		"acme 19": "open,0,0,0,0,0,0,0,,not asked",
		"zeta 11": "before,0,0,0,0,0,0,0,,not asked",
		"zeta 12": "sealed,1,1,0,0,0,0,0,0,yes",
		"zeta 13": "sealed,0,0,0,0,0,0,0,1500,short",
		"zeta 14": "sealed,0,0,0,0,0,0,0,0,short",
		"zeta 15": "sealed,0,0,0,0,0,0,0,0,not asked",
		"zeta 16": "sealed,0,0,0,0,0,0,,0,not asked",
		"zeta 17": "missing,0,0,0,0,0,0,0,,not asked",
		"zeta 18": "sealed,0,0,0,0,0,0,0,0,not asked",
		"zeta 19": "open,1,7,0,0,0,0,2,,not asked",
	}, got)
}

// TestCoverageOfExpiredHours: retention removed files of an hour, which its row states.
func TestCoverageOfExpiredHours(t *testing.T) {
	dir := t.TempDir()
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	now := noon
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Retention: 2 * time.Hour, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for n := range 5 {
		r := state(n, 2, provisioning.StatusSuccess)
		r.OccurredAt = pcommon.NewTimestampFromTime(now)
		r.ObservedAt = r.OccurredAt
		_, err := a.Write(t.Context(), archive.Batch{Records: []*record.Record{r}})
		require.NoError(t, err)
		now = now.Add(time.Hour)
		_, err = a.SealDue(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	p := pull(t, dir, Filter{From: noon, To: noon.Add(5 * time.Hour)})
	states := []string{}
	for _, row := range p.sheets["coverage.csv"] {
		states = append(states, row["state"]+" "+row["files"]+" "+row["expired_files"])
	}
	require.Equal(t, []string{"expired 0 1", "expired 0 1", "expired 0 1", "sealed 1 0", "sealed 1 0"}, states)
}

// TestHistoryIsWhole: the history of an activity of the period begins before it, in files of
// earlier hours and in those of the period, and ends with the period.
func TestHistoryIsWhole(t *testing.T) {
	dir := t.TempDir()
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	now := noon
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return now }})
	require.NoError(t, err)
	const days = 3
	step := func(n, version int, at time.Time, status provisioning.Status) *record.Record {
		return state(n, version, status, func(r *record.Record) {
			r.OccurredAt, r.ObservedAt = pcommon.NewTimestampFromTime(at), pcommon.NewTimestampFromTime(now)
			r.FirstPendingAt, r.StateSeq = pcommon.NewTimestampFromTime(noon), int64(version/2)
			r.IdentityID = "ada"
		})
	}
	write := func(rows ...*record.Record) {
		t.Helper()
		_, err := a.Write(t.Context(), archive.Batch{Records: rows})
		require.NoError(t, err)
		now = now.Add(time.Hour)
		_, err = a.SealDue(t.Context())
		require.NoError(t, err)
	}
	write(step(1, 2, noon, provisioning.StatusPending), step(2, 2, noon, provisioning.StatusSuccess))
	now = noon.AddDate(0, 0, days)
	from := now
	late := step(1, 4, noon.Add(30*time.Hour), provisioning.StatusRetrying) // received in the period
	late.Current = false
	write(step(1, 6, now, provisioning.StatusFailed), late)
	to := now
	write(step(1, 8, now, provisioning.StatusSuccess))
	require.NoError(t, a.Close())

	p := pull(t, dir, Filter{From: from, To: to})
	require.Len(t, p.sheets["activities.csv"], 1)
	require.Equal(t, "Failed", p.sheets["activities.csv"][0]["status"])
	var got []string
	for _, row := range p.sheets["history.csv"] {
		require.Equal(t, []string{"g1", "1", "Ada Lovelace", "ada", "SAP", "2c91"}, []string{row["group_id"], row["group_number"], row["identity_name"], row["identity_id"], row["source_name"], row["source_id"]})
		got = append(got, row["status"])
	}
	require.Equal(t, []string{"Pending", "Retrying", "Failed"}, got, "in the order of time")
	require.Len(t, p.manifest.Archive, 2, "the file of the first hour is proven too")

	list, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, list[0].Name)))
	refused := Filter{From: from, To: to}
	_, err = WriteAs(t.Context(), dir, refused, Zip, nil, &strings.Builder{})
	require.ErrorIs(t, err, ErrUnproven)
	require.ErrorContains(t, err, list[0].Name)
}

// TestReconciledIsOfWhatWasSealed: a file with statements that was changed states nothing.
func TestReconciledIsOfWhatWasSealed(t *testing.T) {
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	dir := t.TempDir()
	now := noon
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = a.Write(t.Context(), archive.Batch{
		Records: []*record.Record{state(1, 2, provisioning.StatusSuccess)},
		Reconciliations: []*record.Reconciliation{{
			EventID: provisioning.ID{1}, Tenant: "acme", Feed: provisioning.FeedREST, Verdict: record.VerdictAgreed,
			Hour: pcommon.NewTimestampFromTime(noon), ObservedAt: pcommon.NewTimestampFromTime(noon),
		}},
	})
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	f := Filter{From: noon, To: noon.Add(time.Hour)}
	require.Equal(t, "yes", pull(t, dir, f).sheets["coverage.csv"][0]["reconciled"])
	o, err := ReadOverview(t.Context(), dir, f)
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 0}, [2]int{o.Hours.Agreed, o.Hours.Short})

	list, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	require.True(t, list[0].Reconciliations())
	path := filepath.Join(dir, list[0].Name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.Empty(t, pull(t, dir, f).sheets["coverage.csv"][0]["reconciled"], "not known")
	require.NoError(t, os.Remove(path))
	require.Empty(t, pull(t, dir, f).sheets["coverage.csv"][0]["reconciled"], "not known")
}
