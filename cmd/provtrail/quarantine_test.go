package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var quarantineHour = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func quarantinedTexts() []*record.Quarantined {
	at := func(minute int) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(quarantineHour.Add(time.Duration(minute) * time.Minute))
	}
	out := []*record.Quarantined{
		{Tenant: "acme", Feed: provisioning.FeedFile, Reason: "no group id", File: "/in/a.json", Position: 7, ObservedAt: at(1), Original: `{"a":1}`, Size: 7},
		{Tenant: "acme", Feed: provisioning.FeedREST, Reason: "time is no time", Field: "modified", File: "https://x/items", ObservedAt: at(2), Original: "{\"b\":\n2}", Size: 8},
		{Tenant: "acme", Feed: provisioning.FeedFile, Reason: "no group id", File: "/in/long.json", ObservedAt: at(3), Original: `{"c":`, Size: 100_000},
		{Tenant: "globex", Feed: provisioning.FeedFile, Reason: "\x1b[31mred", File: "/in/g.json", ObservedAt: at(4), Original: "{\"d\":\"\x1b[2J\"}", Size: 12},
	}
	for _, q := range out {
		q.EventID = record.QuarantineID(q)
	}
	return out
}

// quarantineArchive is an archive with four texts, one of them in two files.
func quarantineArchive(t *testing.T) (dir string, texts []*record.Quarantined) {
	dir, texts = filepath.Join(t.TempDir(), "arch[ive]"), quarantinedTexts()
	a, err := archive.Open(t.Context(), dir, archive.Options{Now: func() time.Time { return quarantineHour.Add(5 * time.Minute) }})
	require.NoError(t, err)
	for _, batch := range [][]*record.Quarantined{texts, texts[:1], nil} {
		_, err = a.Write(t.Context(), archive.Batch{Quarantined: batch})
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	return dir, texts
}

func runQuarantine(args ...string) (string, error) {
	cmd := newQuarantineCommand()
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestQuarantineList(t *testing.T) {
	dir, texts := quarantineArchive(t)
	out, err := runQuarantine("list", "--archive", dir)
	require.NoError(t, err)
	assert.Contains(t, out, "4 of 4 records")
	for _, q := range texts {
		assert.Equal(t, 1, strings.Count(out, q.EventID.String()[:12]), "each once, though one is in two files")
	}
	assert.Contains(t, out, "a.json:7")
	assert.NotContains(t, out, "\x1b", "nothing that a terminal would obey")

	out, err = runQuarantine("list", "--archive", dir, "--limit", "1")
	require.NoError(t, err)
	assert.Contains(t, out, "1 of 4 records")
	assert.Contains(t, out, "globex", "the newest")

	f := func(want int, flags ...string) {
		t.Helper()
		out, err := runQuarantine(append([]string{"list", "--json", "--archive", dir}, flags...)...)
		require.NoError(t, err)
		assert.Equal(t, want, strings.Count(out, "\n"), out)
	}
	f(4)
	f(3, "--tenant", "acme")
	f(1, "--feed", "rest")
	f(2, "--reason", "GROUP ID")
	_, err = runQuarantine("list", "--archive", dir, "--feed", "hook")
	require.ErrorContains(t, err, `--feed: "hook" is none of rest, search`)
	f(1, "--file", "long")
	f(2, "--since", "2026-11-22T12:03:00Z")
	f(1, "--until", "2026-11-22T12:02:00Z")
	f(0, "--since", "1m")

	f(0, "--since", "yesterday", "--until", "2026-11-22")
	_, err = runQuarantine("list", "--archive", dir, "--since", "lately")
	require.ErrorContains(t, err, `--since: "lately" is not a time: write 24h, 30d or 1w before now`)
	_, err = runQuarantine("list", "--archive", filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "--archive")
}

func TestQuarantineShow(t *testing.T) {
	dir, texts := quarantineArchive(t)
	out, err := runQuarantine("show", texts[1].EventID.String()[:8], "--archive", dir)
	require.NoError(t, err)
	for _, want := range []string{texts[1].EventID.String(), "time is no time", "modified", "https://x/items, at 0", "{\"b\":\n2}", "12:02:00Z"} {
		assert.Contains(t, out, want)
	}
	out, err = runQuarantine("show", strings.ToUpper(texts[2].EventID.String()), "--archive", dir)
	require.NoError(t, err)
	assert.Contains(t, out, "100000 bytes, of which 5 were kept")

	out, err = runQuarantine("show", texts[1].EventID.String(), "--json", "--archive", dir)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	assert.Equal(t, texts[1].Original, got["original"])

	_, err = runQuarantine("show", "00000000", "--archive", dir)
	require.ErrorContains(t, err, "no quarantined record matches: 00000000")
	_, err = runQuarantine("show", "12", "--archive", dir)
	require.ErrorContains(t, err, "at least its first 4 hex digits")
}

func TestQuarantineRequeue(t *testing.T) {
	dir, texts := quarantineArchive(t)
	into := t.TempDir()
	_, err := runQuarantine("requeue", "--archive", dir, "--into", into)
	require.ErrorContains(t, err, "say which records")
	_, err = runQuarantine("requeue", "--all", "--archive", dir, "--into", into)
	require.ErrorContains(t, err, "several tenants, nothing was written")
	out, err := runQuarantine("requeue", texts[0].EventID.String(), "--dry-run", "--archive", dir, "--into", into)
	require.NoError(t, err)
	assert.Contains(t, out, "would write 1 records")
	assert.Empty(t, requeuedFiles(t, into))
	_, err = runQuarantine("requeue", texts[0].EventID.String(), "--archive", dir, "--into", filepath.Join(into, "none"))
	require.ErrorContains(t, err, "is not a folder that is there")

	out, err = runQuarantine("requeue", "--all", "--tenant", "acme", "--archive", dir, "--into", into)
	require.ErrorContains(t, err, texts[2].EventID.String()+" is 100000 bytes long and was cut: it is left out")
	assert.Contains(t, out, "2 records written to "+into)
	_, err = runQuarantine("requeue", texts[0].EventID.String(), texts[1].EventID.String(), "--archive", dir, "--into", into)
	require.NoError(t, err)

	files := requeuedFiles(t, into)
	require.Len(t, files, 2)
	first, second := readFile(t, files[0]), readFile(t, files[1])
	assert.Equal(t, "{\"a\":1}\n{\"b\":\n2}", strings.TrimSpace(first))
	assert.Equal(t, strings.TrimSpace(first), strings.TrimSpace(second))
	assert.NotEqual(t, first[:16], second[:16], "the file feed distinguishes the two by their first bytes")
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds people's names")
}

func requeuedFiles(t *testing.T, dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return files
}

func readFile(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
