package main

import (
	"archive/zip"
	"bytes"
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

	_, err = run(dir, "--status", "Done", "-o", out)
	require.ErrorContains(t, err, `"Done"`)
	_, err = run(filepath.Join(dir, "none"), "-o", filepath.Join(dir, "x.zip"))
	require.Error(t, err)
	left, err := filepath.Glob(filepath.Join(dir, ".provtrail-report-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
