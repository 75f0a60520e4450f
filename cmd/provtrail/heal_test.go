package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/heal"
)

func runCommand(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		return out.String() + err.Error(), exitCode(err)
	}
	return out.String(), 0
}

// TestRestoreAndDoctor: the exit status and the output of both commands.
func TestRestoreAndDoctor(t *testing.T) {
	server := clickhousetest.Start(t)
	at := "clickhouse://" + server.Addr + "/" + server.Database(t)
	dir := filepath.Join(t.TempDir(), "archive")
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: dir + "-signing-key.pem"})
	require.NoError(t, err)
	_, err = a.Write(t.Context(), archive.Batch{Records: archivetest.Versions(time.Now())[0]})
	require.NoError(t, err)
	require.NoError(t, a.Close())

	out, exit := runCommand(t, "doctor", dir, "--clickhouse", at, "--until", "2100-01-01", "--format", "json")
	require.Equal(t, exitFindings, exit, out)
	var found heal.Diagnosis
	require.NoError(t, json.NewDecoder(strings.NewReader(out)).Decode(&found))
	require.EqualValues(t, 3, found.Archive)
	require.Equal(t, heal.Missing, found.Findings[0].Problem)

	out, exit = runCommand(t, "restore", "--from", dir, "--to", at)
	require.Zero(t, exit, out)
	require.Contains(t, out, "restored 3 records")
	out, exit = runCommand(t, "restore", "--from", dir, "--to", at, "--tenant", "nobody")
	require.Equal(t, exitFailed, exit, out)
	require.Contains(t, out, "nothing in the archive matches")

	for _, wrong := range [][]string{
		{"doctor", dir, "--clickhouse", "clickhouse://127.0.0.1:1/x"},
		{"doctor", dir, "--clickhouse", at, "--repair", "loki"},
		{"doctor", dir, "--clickhouse", at, "--since", "2000-01-01", "--until", "2000-01-02"},
		{"doctor", dir + "x", "--clickhouse", at},
		{"restore", "--from", dir, "--to", "no-file.yaml"},
		{"restore", "--from", dir, "--to", "clickhouse://u:secret@127.0.0.1:1/x"},
		{"replay", dir, "--passed-status", "done"},
		{"replay", dir, "--tenant", "nobody"},
		{"replay", dir, "--write", "--clickhouse", at},
	} {
		out, exit := runCommand(t, wrong...)
		require.Equal(t, exitFailed, exit, "%v\n%s", wrong, out)
		require.NotContains(t, out, "secret@")
	}
}
