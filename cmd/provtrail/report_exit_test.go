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
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: archive.DefaultKeyFile(dir), Now: func() time.Time { return now }})
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
	for name, format := range map[string]string{"r.xlsx": "[Content_Types].xml", "r.ZIP": "manifest.json"} {
		name = filepath.Join(t.TempDir(), name)
		require.NoError(t, run("-o", name), "the name says the format")
		z, err := zip.OpenReader(name)
		require.NoError(t, err)
		_, err = z.Open(format)
		require.NoError(t, err, name)
		require.NoError(t, z.Close())
	}
	for name, wrong := range map[string][]string{
		"r.csv": {"several CSV files in a zip"}, ".": {"is a directory"}, "r.zip": {"name it .xlsx", "--format", "xlsx"}, "r.xlsx": {"name it .zip", "--evidence"},
	} {
		err := run(append(wrong[1:], "-o", filepath.Join(t.TempDir(), name))...)
		require.ErrorContains(t, err, wrong[0])
		require.Equal(t, exitFailed, exitCode(err))
	}
	require.NoError(t, run("-o", out))
	z, err := zip.OpenReader(out)
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	f, err := z.Open("coverage.csv")
	require.NoError(t, err)
	coverage, err := io.ReadAll(f)
	require.NoError(t, err)
	lines := strings.Split(string(coverage), "\n")
	require.Equal(t, "acme,2026-11-22T11:00:00Z,before,0,0,0,0,0,0,0,,not asked", lines[1])
	require.Equal(t, "acme,2026-11-22T12:00:00Z,sealed,1,1,0,0,0,0,0,0,not asked", lines[2])
	require.Equal(t, "acme,2026-11-22T13:00:00Z,open,0,0,0,0,0,0,0,,not asked", lines[3])

	key := archive.PublicKeyPath(archive.DefaultKeyFile(dir))
	said, err := runVerify(out, "--public-key", key)
	require.NoError(t, err)
	require.Contains(t, said, "every file is as it was signed")
	whole, err := os.ReadFile(out)
	require.NoError(t, err)
	tampered := filepath.Join(t.TempDir(), "tampered.zip")
	changed := bytes.Clone(whole)
	changed[60] ^= 1 // in activities.csv
	require.NoError(t, os.WriteFile(tampered, changed, 0o600))
	said, err = runVerify(tampered, "--public-key", key)
	require.Equal(t, exitFindings, exitCode(err))
	require.Contains(t, said, "altered       activities.csv")
	_, err = runVerify(out, "--public-key", key, "--until", "yesterday")
	require.ErrorContains(t, err, "--until")
	require.Equal(t, exitFailed, exitCode(err))
	_, err = runVerify(out)
	require.ErrorContains(t, err, "--public-key")
	require.Equal(t, exitFailed, exitCode(err))

	unnamed := filepath.Join(t.TempDir(), "download (1)")
	require.NoError(t, os.WriteFile(unnamed, whole, 0o600))
	said, err = runVerify(unnamed, "--public-key", key)
	require.NoError(t, err, said)
	workbook := filepath.Join(t.TempDir(), "r.xlsx")
	require.NoError(t, run("-o", workbook))
	for file, want := range map[string]string{workbook: "is a workbook, which nothing signs", key: "neither a report nor an evidence pack"} {
		_, err = runVerify(file, "--public-key", key)
		require.ErrorContains(t, err, want)
		require.Equal(t, exitFailed, exitCode(err))
	}

	hidden := archive.DefaultKeyFile(dir) + ".away"
	require.NoError(t, os.Rename(archive.DefaultKeyFile(dir), hidden))
	require.NoError(t, run("-o", out))
	said, err = runVerify(out, "--public-key", key)
	require.Equal(t, exitFindings, exitCode(err))
	require.Contains(t, said, "unsigned      manifest.json")
	require.NoError(t, run("-o", out, "--signing-key", hidden))
	_, err = runVerify(out, "--public-key", key)
	require.NoError(t, err)
	require.Equal(t, exitFailed, exitCode(run("-o", out, "--signing-key", hidden+"x")))
	for _, wrong := range [][]string{{"--tenant", "acne"}, {"--source", "x"}, {"--approver", "x"}, {"--requester", "x"}, {"--kind", "x"}, {"--operation", "x"}, {"--statu", "x"}, {"--format", "csv"}, {"--columns", "x"}, {"a", "b"}} {
		require.Equal(t, exitFailed, exitCode(run(append(wrong, "-o", out)...)), "%v", wrong)
	}
	require.ErrorContains(t, run("--tenant", "acne", "-o", out), `did you mean "acme"?`)
	require.ErrorContains(t, run("--kind", "pasword", "-o", out), `did you mean "password"?`)
	require.ErrorContains(t, run("--evidence", "--group", "g", "--status", "Failed", "-o", out), "leave out --from, --status, --to")
	require.Equal(t, exitFailed, exitCode(run("--status", "Success", "-o", out)), "nothing matches")

	files, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	path := filepath.Join(dir, files[0].Name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	text[20] ^= 1
	require.NoError(t, os.WriteFile(path, text, 0o600))
	require.Equal(t, exitFindings, exitCode(run("-o", out)))
}
