package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

func TestMain(m *testing.M) {
	clickhouse.RunChildIfAsked()
	os.Exit(m.Run())
}

// TestSameSeedSamePlan: a run can be repeated.
func TestSameSeedSamePlan(t *testing.T) {
	o := options{seed: 5, duration: 10 * time.Minute, every: time.Second, faults: kinds()}
	first := plan(&o)
	require.Equal(t, first, plan(&o))
	require.Greater(t, len(first), 300)
	seen := map[string]bool{}
	for _, f := range first[:len(kinds())] {
		require.False(t, seen[f.Kind], "each kind comes once before one comes twice")
		seen[f.Kind] = true
	}
	o.seed = 6
	require.NotEqual(t, first, plan(&o))
	o.count = 3
	require.Len(t, plan(&o), 3)
}

// TestTheCheckSeesWhatIsWrong: a run that could not fail would prove nothing.
func TestTheCheckSeesWhatIsWrong(t *testing.T) {
	e := expected{
		required: blackbox.Facts{"a": "1", "b": "2"},
		possible: blackbox.Facts{"a": "1", "b": "2", "c": "3"},
	}
	check := func(rows [][]string, want ...blackbox.Kind) {
		t.Helper()
		var have []blackbox.Kind
		for _, d := range e.compareObservations(rows) {
			have = append(have, d.Kind)
		}
		require.Equal(t, want, have)
	}
	check([][]string{{"a", "1"}, {"b", "2"}})
	check([][]string{{"a", "1"}, {"b", "2"}, {"c", "3"}})
	check([][]string{{"a", "1"}}, blackbox.Lost)
	check([][]string{{"a", "1"}, {"b", "x"}}, blackbox.Wrong)
	check([][]string{{"a", "1"}, {"b", "2"}, {"b", "2"}}, blackbox.Doubled)
	check([][]string{{"a", "1"}, {"b", "2"}, {"d", "4"}}, blackbox.Unknown)
}

// TestShortRun is the whole of it in small: real processes, each of these faults once,
// every id and value compared.
func TestShortRun(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	binary, err := blackbox.Build(root, dir)
	require.NoError(t, err)
	o, err := parse([]string{
		"-seed", "7", "-duration", "14s", "-every", "1s", "-days", "0.5", "-groups-per-day", "200", "-file-groups", "100", "-timeout", "4m",
		"-faults", strings.Join([]string{killBoth, killTwice, clickHouseAway, networkCut, fewFilesLeft, diskFullQueue, powerCut, refused, clockJump, vendorFaulty, secondCollector}, ","),
		"-count", "11",
	})
	require.NoError(t, err)
	r, err := do(t.Context(), &o, binary, root, dir)
	require.NoError(t, err)
	require.Empty(t, r.differences)
	require.Zero(t, r.sum())
	require.True(t, r.Verified)
	require.Greater(t, r.Required, 500)
	t.Log(r.row())
	for kind := range r.notRun { // where file systems cannot be mounted
		t.Logf("NOT RUN: %s: %s", kind, r.disks.why)
	}
}
