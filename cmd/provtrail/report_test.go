package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

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
	said, err := run(dir, "--from", "2026-11-22", "--to", "2026-11-23", "-o", out, "--tz", "Europe/Paris")
	require.NoError(t, err)
	require.Contains(t, said, "activities.csv 0 rows", "no processor made it an activity")
	z, err := zip.OpenReader(out)
	require.NoError(t, err)
	require.Len(t, z.File, 5)
	require.NoError(t, z.Close())

	said, err = run(dir, "--format", "json", "-o", "-")
	require.NoError(t, err)
	require.Empty(t, said)
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

	text, err := os.ReadFile(pack)
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(pack, text, 0o600))
	_, err = runVerify(pack, "--public-key", key, "--json")
	require.Error(t, err)
}
