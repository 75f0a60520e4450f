package provisioningparquetexporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func quickConfig(dir string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Directory = dir
	cfg.Queue.Get().Batch.Get().FlushTimeout = 10 * time.Millisecond
	cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = 5*time.Millisecond, 20*time.Millisecond
	return cfg
}

// noon is the time of the tests.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// create makes an exporter whose clock stands still.
func create(t *testing.T, cfg *Config) exporter.Logs {
	t.Helper()
	set := exportertest.NewNopSettings(metadata.Type)
	e, err := newExporter(set, cfg)
	require.NoError(t, err)
	e.now = func() time.Time { return noon }
	logs, err := e.logs(t.Context(), set)
	require.NoError(t, err)
	return logs
}

func start(t *testing.T, cfg *Config) exporter.Logs {
	t.Helper()
	e := create(t, cfg)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	return e
}

func observation(n int) provisioning.Observation {
	now := pcommon.NewTimestampFromTime(noon)
	o := provisioning.Observation{
		Tenant: "acme", GroupID: "g1", Feed: provisioning.FeedREST, SourceName: "SAP", AccountID: fmt.Sprint("user", n),
		Operation: provisioning.OperationCreate, ReportedStatus: provisioning.StatusPending, RawStatus: "PENDING",
		OccurredAt: now, ObservedAt: now, Original: `{"id":1}`,
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

func logsOf(n int) (plog.Logs, []provisioning.Observation) {
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	var want []provisioning.Observation
	for i := range n {
		o := observation(i)
		record.WriteObservation(&o, list.AppendEmpty())
		want = append(want, o)
	}
	return logs, want
}

// stored reads every row of the archive.
func stored(t require.TestingT, dir string) (map[provisioning.ID]record.Record, []record.Quarantined) {
	files, err := archive.Files(context.Background(), dir)
	require.NoError(t, err)
	records := map[provisioning.ID]record.Record{}
	var quarantined []record.Quarantined
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if f.Quarantine() {
			r, err := archive.OpenQuarantined(path)
			require.NoError(t, err)
			quarantined = append(quarantined, rows(t, r)...)
			continue
		}
		r, err := archive.OpenRecords(path)
		require.NoError(t, err)
		for _, row := range rows(t, r) {
			records[row.EventID] = row
		}
	}
	return records, quarantined
}

func rows[T any](t require.TestingT, r *archive.Reader[T]) (all []T) {
	buffer := make([]T, 64)
	for {
		n, err := r.Read(buffer)
		all = append(all, buffer[:n]...)
		if errors.Is(err, io.EOF) {
			require.NoError(t, r.Close())
			return all
		}
		require.NoError(t, err)
	}
}

func TestRecordsReachTheArchive(t *testing.T) {
	dir := t.TempDir()
	e := start(t, quickConfig(dir))
	logs, want := logsOf(50)
	list := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	record.WriteGroup(&record.Group{Group: provisioning.Group{ID: "g1"}, ObservedAt: want[0].ObservedAt}, list.AppendEmpty())
	q := record.Quarantined{Tenant: "acme", Reason: "no JSON", File: "a.json", Position: 3, Original: "{", ObservedAt: want[0].ObservedAt}
	record.WriteQuarantined(&q, list.AppendEmpty())
	wrong := list.AppendEmpty()
	list.At(0).CopyTo(wrong)
	wrong.Attributes().PutStr("provisioning.status", "Done")

	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	require.NoError(t, e.Shutdown(t.Context()))
	records, quarantined := stored(t, dir)
	require.Len(t, records, len(want))
	for _, o := range want {
		require.Equal(t, o, records[o.EventID].Observation)
	}
	require.Len(t, quarantined, 2, "group summaries are no records of the archive")
	for _, got := range quarantined {
		if got.EventID == q.EventID {
			require.Equal(t, q, got)
			continue
		}
		require.Contains(t, got.Reason, `provisioning.status: status "Done"`)
		require.Contains(t, got.Original, want[0].EventID.String(), "the whole record is kept")
		require.Equal(t, "acme", got.Tenant)
	}
}

// TestAnArchiveInABucket starts while the storage is out of reach, waits for it, and
// leaves what a folder would hold.
func TestAnArchiveInABucket(t *testing.T) {
	location, reachable := archivetest.LateBucket(t)
	cfg := quickConfig(location)
	cfg.Spool = t.TempDir()
	cfg.Sealing.SigningKey = filepath.Join(t.TempDir(), "key.pem")
	e := start(t, cfg)
	logs, want := logsOf(5)
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	reachable()
	require.Eventually(t, func() bool {
		list, err := archive.Files(t.Context(), location)
		return err == nil && len(list) > 0
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	v, err := archive.OpenView(t.Context(), location)
	require.NoError(t, err)
	snapshot, err := v.Snapshot(t.Context(), nil)
	require.NoError(t, err)
	r, err := snapshot.Read(0)
	require.NoError(t, err)
	got := rows(t, r)
	require.Len(t, got, len(want))
	require.NoError(t, errors.Join(snapshot.Close(), v.Close()))
}

func TestAnErrorOfTheDiskIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	e := start(t, quickConfig(dir))
	blocked := filepath.Join(dir, "tenant=acme")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	logs, want := logsOf(5)
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	require.Never(t, func() bool {
		info, err := os.Stat(blocked)
		return err != nil || info.IsDir()
	}, 100*time.Millisecond, 10*time.Millisecond)
	require.NoError(t, os.Remove(blocked))
	require.Eventually(t, func() bool {
		records, _ := stored(t, dir)
		return len(records) == len(want)
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestStartSaysWhyItCannotWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(dir, nil, 0o600))
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), quickConfig(dir))
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), dir)
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestHoursThatPassedAreSealed opens an archive two hours before the exporter does.
func TestHoursThatPassedAreSealed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	cfg := quickConfig(dir)
	cfg.Sealing.Grace = 0
	keys, err := archive.CreateKey(cfg.signingKey())
	require.NoError(t, err)
	past := noon.Add(-2 * time.Hour)
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return past }})
	require.NoError(t, err)
	require.NoError(t, a.Close())

	e := start(t, cfg)
	publics, err := archive.LoadPublicKeys(archive.PublicKeyPath(cfg.signingKey()))
	require.NoError(t, err)
	var found *archive.Verification
	require.Eventually(t, func() bool {
		found, err = archive.Verify(t.Context(), dir, archive.VerifyOptions{Keys: publics})
		return err == nil && found.Hours >= 2
	}, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	require.True(t, found.OK(), found.Problems)
	require.NotEmpty(t, found.Notes, "nobody was there: a gap")
}

// TestAFileThatIsGoneIsLogged: one that was put back, and one that could not be, with the command
// that brings its rows back.
func TestAFileThatIsGoneIsLogged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	cfg := quickConfig(dir)
	cfg.Sealing.Grace = 0
	keys, err := archive.CreateKey(cfg.signingKey())
	require.NoError(t, err)
	past := noon.Add(-2 * time.Hour)
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: cfg.signingKey(), Keys: keys, Now: func() time.Time { return past }})
	require.NoError(t, err)
	for n := range 2 {
		o := observation(n)
		o.ObservedAt = pcommon.NewTimestampFromTime(past)
		_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{{Observation: o}}})
		require.NoError(t, err)
	}
	require.NoError(t, a.Heartbeat(t.Context()))
	require.NoError(t, a.Close())
	files, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, name := range []string{files[0].Name, "_open/" + files[0].Name, files[1].Name} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}

	set := exportertest.NewNopSettings(metadata.Type)
	core, logs := observer.New(zap.WarnLevel)
	set.Logger = zap.New(core)
	e, err := newExporter(set, cfg)
	require.NoError(t, err)
	e.now = func() time.Time { return noon }
	running, err := e.logs(t.Context(), set)
	require.NoError(t, err)
	require.NoError(t, running.Start(t.Context(), componenttest.NewNopHost()))
	said := func() []observer.LoggedEntry { return logs.FilterMessageSnippet("provtrail doctor").All() }
	require.Eventually(t, func() bool { return len(said()) == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, running.Shutdown(t.Context()))
	require.Contains(t, said()[0].Message, "--repair archive")
	require.Equal(t, []any{files[0].Name}, said()[0].ContextMap()["files"])
	back := logs.FilterMessageSnippet("put back").All()
	require.Len(t, back, 1)
	require.Equal(t, []any{files[1].Name}, back[0].ContextMap()["files"])
}
