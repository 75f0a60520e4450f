package main

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// peopleArchive makes an archive with a sealed hour about ada and bob, and returns what goes on
// writing it. Where keys is set it is encrypted.
func peopleArchive(t *testing.T, keys bool) (dir string, sealNext func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "archive")
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	opt := archive.Options{KeyFile: archive.DefaultKeyFile(dir), Now: func() time.Time { return now }}
	if keys {
		opt.PersonalKeys = archive.DefaultPersonalKeys(dir)
	}
	a, err := archive.Open(t.Context(), dir, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	var rows []*record.Record
	for n := range 20 {
		name := []string{"ada", "bob"}[n%2]
		at := pcommon.NewTimestampFromTime(now.Add(time.Duration(n) * time.Second))
		r := &record.Record{
			Observation: provisioning.Observation{
				Tenant: "acme", GroupID: fmt.Sprint("g", n), SourceName: "AD", IdentityID: "id-" + name, IdentityName: name, AccountID: "CN=" + name,
				ErrorMessage: name + " is locked", OccurredAt: at, ObservedAt: at, Original: fmt.Sprintf(`{"n":%d,"who":%q}`, n, name),
			},
			RecordType: record.TypeObservation, ActivityID: provisioning.ID{byte(n + 1)}, Status: provisioning.StatusFailed, Version: 1, Current: true,
		}
		r.EventID = provisioning.EventID(&r.Observation)
		rows = append(rows, r)
	}
	_, err = a.Write(t.Context(), archive.Batch{Records: rows})
	require.NoError(t, err)
	sealNext = func() {
		now = now.Add(time.Hour)
		_, err := a.SealDue(t.Context())
		require.NoError(t, err)
	}
	sealNext()
	return dir, sealNext
}

func runProgram(args ...string) (string, error) {
	cmd := newCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

// reported returns the activities of a report, in order.
func reported(t *testing.T, dir string, args ...string) (rows []map[string]any) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "r.json")
	said, err := runProgram(append([]string{"report", dir, "--from", "2026-11-22", "--to", "2026-11-23", "--format", "json", "-o", out}, args...)...)
	require.NoError(t, err, said)
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		rows = append(rows, row)
	}
	return rows
}

// TestForget goes the whole way on the command line: the report of an encrypted archive is that
// of one in the clear, until ada is forgotten.
func TestForget(t *testing.T) {
	plain, _ := peopleArchive(t, false)
	dir, sealNext := peopleArchive(t, true)
	want := reported(t, plain)
	require.Len(t, want, 20)
	require.Equal(t, want, reported(t, dir))
	require.Len(t, reported(t, dir, "--identity", "ada"), 10)

	_, err := runProgram("report", dir, "--identity", "ada", "--evidence", "-o", filepath.Join(t.TempDir(), "e.zip"))
	require.ErrorContains(t, err, "the archive has encrypted files")

	store := archive.DefaultPersonalKeys(dir)
	elsewhere := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.Rename(store, elsewhere))
	for _, row := range reported(t, dir) {
		require.Equal(t, "encrypted", row["identity_name"])
		require.Equal(t, "Failed", row["status"])
	}
	require.Equal(t, want, reported(t, dir, "--keys", elsewhere))
	said, err := runProgram("forget", "--archive", dir, "--identity", "id-ada", "--yes")
	require.ErrorContains(t, err, "nothing was changed", said)
	require.Equal(t, exitFailed, exitCode(err))
	require.NoError(t, os.Rename(elsewhere, store))

	said, err = runProgram("forget", "--archive", dir, "--identity", "id-ada")
	require.NoError(t, err)
	require.Contains(t, said, `identity "id-ada" of tenant "acme"`)
	require.Contains(t, said, "would forget 1 keys, with which the personal columns of 10 rows are encrypted")
	require.Equal(t, want, reported(t, dir), "nothing was changed")

	_, err = runProgram("forget", "--archive", dir, "--identity", "ada", "--yes")
	require.ErrorContains(t, err, "knows nobody of that name")
	require.Equal(t, exitFailed, exitCode(err))
	_, err = runProgram("forget", "--archive", dir, "--yes")
	require.ErrorContains(t, err, "name the id of an identity")

	said, err = runProgram("forget", "--archive", dir, "--identity", "id-ada", "--yes")
	require.NoError(t, err)
	require.Contains(t, said, "the personal columns of 10 rows are erased")
	require.Contains(t, said, "ALTER TABLE provtrail.provisioning_errors DELETE WHERE identity = sipHash64('id-ada') SETTINGS", "its error messages name people")
	require.Contains(t, said, "ALTER TABLE provtrail.provisioning_groups DELETE WHERE identity_id = 'id-ada'")
	again, err := runProgram("forget", "--archive", dir, "--identity", "id-ada", "--yes")
	require.NoError(t, err)
	require.Contains(t, again, "already forgotten: key ")
	require.Contains(t, said, strings.TrimPrefix(strings.Split(strings.TrimSpace(again), ",")[0], "already "), "the same key")

	for i, row := range reported(t, dir) {
		if want[i]["identity_id"] == "id-bob" {
			require.Equal(t, want[i], row)
			continue
		}
		for _, column := range []string{"identity_id", "identity_name", "account_id", "error_message"} {
			require.Equal(t, "erased", row[column], column)
		}
		require.Equal(t, want[i]["activity_id"], row["activity_id"])
		require.Equal(t, want[i]["source_name"], row["source_name"])
	}
	sealNext()
	said, err = runProgram("verify", dir)
	require.NoError(t, err, said)
	require.Contains(t, said, "1 keys of persons were destroyed")
	require.Contains(t, said, "the sealed hours are unaltered")
}
