package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
)

func runArchive(args ...string) (string, error) {
	cmd := newArchiveCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

// TestArchiveRecover deletes the chain of an archive, recovers and verifies it.
func TestArchiveRecover(t *testing.T) {
	dir, _ := sealedArchive(t)
	key := archive.DefaultKeyFile(dir)
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: key})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	lost, err := archive.LastHead(archive.HeadPath(key))
	require.NoError(t, err)
	out, err := runVerify(dir, "--head", lost.Digest)
	require.NoError(t, err)
	require.Contains(t, out, "SHA-256 "+lost.Digest)
	require.Contains(t, out, "archive       "+lost.Archive)
	_, err = runArchive("recover", "--directory", dir, "--reason", "none")
	require.ErrorContains(t, err, "nothing to recover")
	require.Equal(t, exitFailed, exitCode(err))

	require.NoError(t, os.RemoveAll(filepath.Join(dir, "_chain")))
	_, err = runArchive("recover", "--directory", dir)
	require.ErrorContains(t, err, "reason")
	_, err = runArchive("recover", "--directory", dir+"x", "--reason", "typing error")
	require.ErrorContains(t, err, dir+"x")
	require.NoDirExists(t, dir+"x")
	out, err = runArchive("recover", "--directory", dir, "--reason", "disk failed")
	require.NoError(t, err)
	require.Contains(t, out, "its head is now archive "+lost.Archive)

	out, err = runVerify(dir, "--json", "--head", lost.Digest)
	require.Equal(t, exitFindings, exitCode(err))
	var v archive.Verification
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(out)).Decode(&v))
	require.Equal(t, []archive.ProblemKind{archive.LostHead, archive.Recovered}, []archive.ProblemKind{v.Problems[0].Kind, v.Problems[1].Kind})
	require.Equal(t, 1, v.Unproven)
	require.Nil(t, v.UnalteredUntil)
	require.Equal(t, lost.Archive, v.Newest.Archive)
	require.Contains(t, v.Problems[1].Detail, "disk failed")

	_, err = runVerify(dir, "--head", filepath.Join(dir, "nothing"))
	require.ErrorContains(t, err, "--head")
	require.Equal(t, exitFailed, exitCode(err))
}

// TestArchiveHold places a hold while the archive is open, which the next seal states.
func TestArchiveHold(t *testing.T) {
	dir, _ := sealedArchive(t)
	key := archive.DefaultKeyFile(dir)
	now := time.Date(2026, 11, 22, 13, 30, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{KeyFile: key, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for want, wrong := range map[string][]string{
		"name what to hold":           {"place", "--reason", "x"},
		"required flag(s) \"reason\"": {"place", "--identity", "ada"},
		"--from":                      {"place", "--from", "soon", "--reason", "x"},
		"from must be before to":      {"place", "--from", "2026-11-23", "--to", "2026-11-22", "--reason", "x"},
		`has no hold "nothing"`:       {"release", "--id", "nothing", "--reason", "x"},
	} {
		_, err := runArchive(slices.Concat([]string{"hold", wrong[0], "--directory", dir}, wrong[1:])...)
		require.ErrorContains(t, err, want)
	}
	out, err := runArchive("hold", "place", "--directory", dir, "--identity", "ada", "--from", "2026-11-22 10:00", "--reason", "case 17")
	require.NoError(t, err)
	id := strings.Fields(out)[1]
	out, err = runArchive("hold", "list", "--directory", dir)
	require.NoError(t, err)
	require.Contains(t, out, "with the next seal  "+id+`, identity "ada", from 2026-11-22T10:00:00Z`)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	out, err = runArchive("hold", "list", "--directory", dir)
	require.NoError(t, err)
	require.Contains(t, out, "in force            "+id)
	out, err = runVerify(dir)
	require.NoError(t, err)
	require.Contains(t, out, "hold          "+id)
	_, err = runArchive("hold", "release", "--directory", dir, "--id", id, "--reason", "closed")
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	out, err = runArchive("hold", "list", "--directory", dir)
	require.NoError(t, err)
	require.Empty(t, out)
	require.NoError(t, a.Close())
}

// TestAHoldOfNothingIsSaid: a mistyped hold keeps nothing, and one may be of what comes.
func TestAHoldOfNothingIsSaid(t *testing.T) {
	dir, _ := sealedArchive(t)
	f := func(matches bool, flags ...string) {
		t.Helper()
		out, err := runArchive(slices.Concat([]string{"hold", "place", "--directory", dir, "--reason", "case 18"}, flags)...)
		require.NoError(t, err)
		require.NotEqual(t, matches, strings.Contains(out, "warning: the hold keeps nothing that is in the archive"), out)
	}
	f(true, "--tenant", "acme")
	f(true, "--group", "G")
	f(true, "--from", "2026-11-22 12:30")
	f(false, "--tenant", "acne")
	f(false, "--group", "g", "--to", "2026-11-22 12:00")
	f(false, "--identity", "ada.lovelace")
}

func TestArchiveConfirmClock(t *testing.T) {
	dir, _ := sealedArchive(t)
	_, err := runArchive("confirm-clock", "--directory", dir)
	require.NoError(t, err)
	text, err := os.ReadFile(archive.HeadPath(archive.DefaultKeyFile(dir)))
	require.NoError(t, err)
	var state archive.State
	require.NoError(t, json.Unmarshal(text, &state))
	require.False(t, state.Clock.IsZero())
}
