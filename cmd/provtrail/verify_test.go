package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// sealedArchive makes an archive with one sealed hour and returns its folder and
// the name of its file.
func sealedArchive(t *testing.T) (dir, name string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "archive")
	keys, err := archive.CreateKey(dir + "-signing-key.pem")
	require.NoError(t, err)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return now }})
	require.NoError(t, err)
	r := record.Record{Observation: provisioning.Observation{Tenant: "acme", GroupID: "g", ObservedAt: pcommon.NewTimestampFromTime(now)}}
	r.EventID = provisioning.EventID(&r.Observation)
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{&r}})
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	files, err := archive.Files(t.Context(), dir)
	require.NoError(t, err)
	return dir, files[0].Name
}

func runVerify(args ...string) (string, error) {
	cmd := newVerifyCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestVerifyCommand(t *testing.T) {
	dir, name := sealedArchive(t)
	out, err := runVerify(dir)
	require.NoError(t, err)
	require.Contains(t, out, "1 hours sealed from 2026-11-22T12Z to 2026-11-22T12Z: 1 files as sealed (1 rows")
	require.Contains(t, out, "unaltered up to 2026-11-22 13:00 UTC")
	require.Contains(t, out, "completeness not shown: no reconciliation")
	require.NotContains(t, out, "is complete")
	require.Contains(t, out, "warning       the newest seal is")

	_, err = runVerify(dir, "--complete-to", "2026-11-22T14:00:00Z")
	require.ErrorIs(t, err, errFindings)
	_, err = runVerify(dir, "--until", "2026-11-22T14:00:00Z")
	require.Error(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, name)))
	out, err = runVerify(dir, "--json", "--public-key", dir+"-signing-key.pem.pub")
	require.ErrorContains(t, err, "1 problems")
	var v archive.Verification
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(out)).Decode(&v))
	require.Equal(t, archive.Removed, v.Problems[0].Kind)
	require.Equal(t, name, v.Problems[0].Name)

	_, err = runVerify(t.TempDir())
	require.ErrorContains(t, err, "--public-key")
}

// TestVerifyOfNothingSealed: hours that are long over and no seal of any are a finding.
func TestVerifyOfNothingSealed(t *testing.T) {
	dir, _ := sealedArchive(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "_chain", "date=2026-11-22")))
	require.NoError(t, os.RemoveAll(archive.HeadPath(archive.DefaultKeyFile(dir))))
	out, err := runVerify(dir)
	require.ErrorIs(t, err, errFindings)
	require.Contains(t, out, "no hour is sealed, and 1 files are in hours that ended more than 3h0m0s ago")
}
