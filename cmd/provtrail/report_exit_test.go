package main

import (
	"archive/zip"
	"bytes"
	"io"
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

// TestReportExitCodes: 0 is a report of proven rows, 1 a file that is not as it was sealed,
// 2 a question that has no answer.
func TestReportExitCodes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := pcommon.NewTimestampFromTime(now)
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: defaultKey(dir), Now: func() time.Time { return now }})
	require.NoError(t, err)
	r := record.Record{
		Observation: provisioning.Observation{Tenant: "acme", GroupID: "g", OccurredAt: at, ObservedAt: at},
		RecordType:  record.TypeObservation, ActivityID: provisioning.ID{1}, Status: provisioning.StatusFailed, Version: 1, Current: true,
	}
	r.EventID = provisioning.EventID(&r.Observation)
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{&r}})
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())

	run := func(args ...string) error {
		cmd := newReportCommand()
		var b bytes.Buffer
		cmd.SetOut(&b)
		cmd.SetErr(&b)
		cmd.SetArgs(append(args, dir, "--from", "2026-11-22", "--to", "2026-11-23"))
		return cmd.Execute()
	}
	out := filepath.Join(t.TempDir(), "r.zip")
	require.NoError(t, run("-o", out))
	z, err := zip.OpenReader(out)
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	f, err := z.Open("coverage.csv")
	require.NoError(t, err)
	coverage, err := io.ReadAll(f)
	require.NoError(t, err)
	lines := strings.Split(string(coverage), "\n")
	require.Equal(t, "2026-11-22T11:00:00Z,before,0,0,0,0,0,0,0,0", lines[1])
	require.Equal(t, "2026-11-22T12:00:00Z,sealed,1,1,0,0,0,0,0,0", lines[2])
	require.Equal(t, "2026-11-22T13:00:00Z,open,0,0,0,0,0,0,0,0", lines[3])
	require.Equal(t, exitCouldNotLook, exitCode(run("--status", "Success", "-o", out)), "nothing matches")

	files, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	path := filepath.Join(dir, files[0].Name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[20] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.Equal(t, exitFindings, exitCode(run("-o", out)))
}
