package main

import (
	"os"
	"path/filepath"
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

// TestShortRun is a run of its own, short: each fault once, and then the stores are
// what they must be.
func TestShortRun(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	binary, err := blackbox.Build(root, dir)
	require.NoError(t, err)
	o, err := parse([]string{
		"-seed", "7", "-duration", "16s", "-every", "1s", "-days", "1", "-groups-per-day", "120", "-file-groups", "60", "-patience", "2m",
		"-faults", "kill-collector,kill-both,kill-twice,disk-full-queue,clickhouse-away,clock-jump,vendor-faulty",
	})
	require.NoError(t, err)
	r, err := do(t.Context(), &o, binary, root, dir)
	require.NoError(t, err)
	r.report(os.Stdout)
	require.Zero(t, r.sum(), "%v", r.differences)
	require.True(t, r.Verified)
	require.Positive(t, r.Kills)
	require.Positive(t, r.Engine)
	require.Positive(t, r.Triggers)
	require.Positive(t, r.Activities)
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
