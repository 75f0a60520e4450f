package archive

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var (
	noon    = archivetest.Noon
	at      = archivetest.At
	id      = archivetest.ID
	row     = archivetest.Row
	records = archivetest.Rows
)

// write is for calls of which only the error matters.
func write(_ Written, err error) error { return err }

func open(t *testing.T, dir string, now time.Time) *Archive {
	t.Helper()
	a, err := Open(t.Context(), dir, Options{Now: func() time.Time { return now }, noSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

// readAll returns the rows of every activity file by name.
func readAll(t require.TestingT, dir string) map[string][]record.Record {
	v, err := OpenView(context.Background(), dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	snapshot, err := v.Snapshot(context.Background(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, snapshot.Close()) }()
	all := map[string][]record.Record{}
	for i, f := range snapshot.Files {
		r, err := snapshot.Read(i)
		require.NoError(t, err)
		all[f.Name] = archivetest.Drain(t, r)
		require.NoError(t, r.Close())
	}
	return all
}

func TestWrittenRecordsAreReadBack(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(time.Hour))
	want := records(0, 5000)
	want[7].OccurredAt = 0
	want[8].CommittedAt = at(noon)
	shuffled := slices.Clone(want)
	slices.Reverse(shuffled)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: shuffled})))

	all := readAll(t, dir)
	require.Len(t, all, 2, "observed in two hours")
	var got []record.Record
	for _, name := range slices.Sorted(mapsKeys(all)) {
		require.Regexp(t, `^tenant=acme/date=2026-11-22/hour=1[23]/[0-9a-f]{32}\.parquet$`, name)
		got = append(got, all[name]...)
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, *want[i], got[i])
	}
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestWritingAgainReplacesTheFile(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(time.Minute))
	batch := Batch{Records: append(records(0, 10), records(0, 10)...)}
	require.NoError(t, write(a.Write(t.Context(), batch)))
	slices.Reverse(batch.Records)
	require.NoError(t, write(a.Write(t.Context(), batch)))
	all := readAll(t, dir)
	require.Len(t, all, 1)
	for _, rows := range all {
		require.Len(t, rows, 10)
	}
}

func TestRepeatedWithoutVendorTimeKeepsTheFirstReceipt(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(time.Minute))
	untimed := func(seconds int) *record.Record {
		return row(1, func(r *record.Record) {
			r.OccurredAt, r.ObservedAt = 0, at(noon.Add(time.Duration(seconds)*time.Second))
		})
	}
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: []*record.Record{untimed(9), row(5), untimed(2)}})))
	for _, rows := range readAll(t, dir) {
		require.Len(t, rows, 2)
		require.Equal(t, *untimed(2), rows[0])
	}
}

func TestEachTenantAndOtherKindHasItsFolder(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon.Add(time.Minute))
	tenants := []string{"", "..", "/etc", "a/../../b", `c:\d`, "Zürich", "%41", "A", "\x00", strings.Repeat("x/", 300)}
	var batch Batch
	for i, tenant := range tenants {
		batch.Records = append(batch.Records, row(i, func(r *record.Record) { r.Tenant = tenant }))
	}
	q := &record.Quarantined{
		Tenant: "acme", EventID: id(1), Reason: "no JSON", File: "in.json", Position: 4,
		ObservedAt: at(noon), Original: "\xff{", Size: 2, Feed: provisioning.FeedFile, Field: "id",
	}
	batch.Quarantined = []*record.Quarantined{q}
	s := &record.Reconciliation{
		Tenant: "acme", EventID: id(1), Feed: provisioning.FeedREST, Hour: at(noon.Add(-time.Hour)), ObservedAt: at(noon), Pass: 1,
		Verdict: record.VerdictShort, VendorCount: 9, Method: record.MethodCount, Observed: 7, Digest: "00000000000000ff",
		Missing: 2, MissingIDs: []string{"a", `b"<`}, Reason: "two are missing",
	}
	batch.Reconciliations = []*record.Reconciliation{s}
	require.NoError(t, write(a.Write(t.Context(), batch)))

	files, err := Files(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, files, len(tenants)+2)
	seen := map[string]bool{}
	for name, rows := range readAll(t, dir) {
		require.Len(t, rows, 1)
		seen[rows[0].Tenant] = true
		require.Equal(t, 3, strings.Count(name, "/"), name)
	}
	for _, tenant := range tenants {
		require.True(t, seen[tenant], "%q", tenant)
	}
	require.Equal(t, "quarantine", files[0].Dir)
	r, err := OpenQuarantined(filepath.Join(dir, files[0].Name))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	q.Original = "\uFFFD{"
	require.Equal(t, []record.Quarantined{*q}, archivetest.Drain(t, r))

	require.Equal(t, "reconciliations", files[1].Dir)
	v, err := OpenView(t.Context(), dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	require.NoError(t, v.Batches(t.Context(), files[1], Selection{}, func(b *columnar.Batch) error {
		statements := make([]record.Reconciliation, b.Reconciliations.Len())
		b.Statements(statements)
		require.Equal(t, []record.Reconciliation{*s}, statements)
		return nil
	}))
}

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, noon)
	_, err := Open(t.Context(), dir, Options{})
	require.ErrorContains(t, err, "another process writes this archive")
}

func TestTemporaryFilesOfACrashAreRemoved(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, layout.TempDir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, layout.TempDir, "1.tmp"), []byte("PAR1"), 0o600))
	a := open(t, dir, noon)
	require.Equal(t, 1, a.Cleaned)
	entries, err := os.ReadDir(filepath.Join(dir, layout.TempDir))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon)
	hour := filepath.Join(dir, "tenant=acme", HourOf(noon).Dir())
	require.NoError(t, os.MkdirAll(filepath.Dir(hour), 0o700))
	require.NoError(t, os.WriteFile(hour, nil, 0o600), "a file where the folder should be")
	_, err := a.Write(t.Context(), Batch{Records: records(0, 1)})
	require.ErrorContains(t, err, "tenant=acme/date=2026-11-22/hour=12")
	require.NoError(t, os.Remove(hour))
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(0, 1)})))
	require.Len(t, readAll(t, dir), 1)
	entries, err := os.ReadDir(filepath.Join(dir, layout.TempDir))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestClocksThatMakeNoSenseGoToTheCurrentHour(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon)
	rows := records(0, 2)
	rows[0].ObservedAt, rows[1].ObservedAt = 0, at(noon.AddDate(80, 0, 0))
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: rows})))
	for name, rows := range readAll(t, dir) {
		require.Contains(t, name, HourOf(noon).Dir())
		require.Len(t, rows, 2)
	}
}

func TestADamagedFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	a := open(t, dir, noon)
	require.NoError(t, write(a.Write(t.Context(), Batch{Records: records(0, 200)})))
	files, err := Files(t.Context(), dir)
	require.NoError(t, err)
	path := filepath.Join(dir, files[0].Name)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := range 40 {
		require.NoError(t, os.WriteFile(path, good[:len(good)*cut/40], 0o600))
		r, err := OpenRecords(path)
		require.ErrorContains(t, err, path)
		require.Nil(t, r)
	}
}
