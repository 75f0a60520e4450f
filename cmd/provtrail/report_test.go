package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	archivereport "github.com/provtrail/provtrail/archive/report"

	"github.com/stretchr/testify/require"
)

func TestReportCommand(t *testing.T) {
	dir, _ := sealedArchive(t)
	out := filepath.Join(t.TempDir(), "r.zip")
	run := func(args ...string) (string, error) {
		cmd := newReportCommand()
		var b bytes.Buffer
		cmd.SetOut(&b)
		cmd.SetErr(&b)
		cmd.SetArgs(args)
		err := cmd.Execute()
		return b.String(), err
	}
	_, err := run(dir, "--from", "2026-11-22", "--to", "2026-11-23", "-o", out, "--tz", "Europe/Paris")
	require.ErrorIs(t, err, archivereport.ErrNothing, "no processor made it an activity")
	require.Equal(t, exitFailed, exitCode(err))
	require.NoFileExists(t, out)
	_, err = run(dir, "--format", "xls", "-o", out)
	require.ErrorContains(t, err, `"xls"`)

	_, err = run(dir, "--status", "Done", "-o", out)
	require.ErrorContains(t, err, `"Done"`)
	_, err = run(filepath.Join(dir, "none"), "-o", filepath.Join(dir, "x.zip"))
	require.Error(t, err)
	left, err := filepath.Glob(filepath.Join(dir, ".provtrail-report-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestEvidenceCommand makes a pack, verifies it, and finds that it was tampered with.
func TestEvidenceCommand(t *testing.T) {
	dir, _ := sealedArchive(t)
	pack := filepath.Join(t.TempDir(), "pack.zip")
	run := func(args ...string) (string, error) {
		cmd := newReportCommand()
		var b bytes.Buffer
		cmd.SetOut(&b)
		cmd.SetErr(&b)
		cmd.SetArgs(args)
		err := cmd.Execute()
		return b.String(), err
	}
	_, err := run(dir, "--evidence", "-o", pack)
	require.ErrorContains(t, err, "name an identity or a group")
	_, err = run(dir, "--evidence", "--group", "g", "--format", "json")
	require.ErrorContains(t, err, "--format")
	said, err := run(dir, "--evidence", "--group", "g", "-o", pack)
	require.NoError(t, err)
	require.Contains(t, said, "1 events, 1 of them proven")

	_, err = runVerify(pack)
	require.ErrorContains(t, err, "--public-key")
	key := dir + "-signing-key.pem.pub"
	said, err = runVerify(pack, "--public-key", key)
	require.NoError(t, err)
	require.Contains(t, said, "1 events: 1 proven by 1 seals of trusted keys")
	require.Contains(t, said, "the manifest is signed with key")

	text, err := os.ReadFile(pack)
	require.NoError(t, err)
	text[60] ^= 1 // in the document
	require.NoError(t, os.WriteFile(pack, text, 0o600))
	_, err = runVerify(pack, "--public-key", key, "--json")
	require.Error(t, err)
}
