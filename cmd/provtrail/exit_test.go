package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWrongQuestionsExitWith2: a finding alone is 1.
func TestWrongQuestionsExitWith2(t *testing.T) {
	run := func(args string) int {
		cmd := newCommand()
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		cmd.SetArgs(strings.Fields(args))
		err := cmd.Execute()
		require.Error(t, err, args)
		return exitCode(err)
	}
	for _, args := range []string{
		"verify", "verify --bogus", "report a b", "doctor --since soon", "replay --format xml", "restore a", "forget a",
		"quarantine list --since soon", "quarantine requeue", "simulate --from soon", "simulate --bogus", "demo a", "demo --days -1", "demo --rate -3",
		"archive hold list", "errors list --category bogus", "validate --config /nowhere.yaml",
	} {
		require.Equal(t, exitFailed, run(args), args)
	}
	require.Equal(t, exitFindings, run("errors explain bogus"))
}

// TestAnEmptyFlagIsRefused: a filter of a script whose variable is not set selects everything,
// and a check without its bound checks nothing.
func TestAnEmptyFlagIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"report", "--identity", ""},
		{"report", "--from", " "},
		{"report", "--columns", ""},
		{"report", "--evidence", "--group", ""},
		{"verify", ".", "--until", ""},
		{"verify", ".", "--complete-from", ""},
		{"verify", ".", "--head", ""},
		{"verify", ".", "--public-key", ""},
		{"restore", "--identity", ""},
		{"restore", "--tenant", "acme", "--tenant", ""},
		{"replay", "--group", ""},
		{"doctor", "--since", ""},
		{"quarantine", "list", "--tenant", ""},
		{"archive", "hold", "place", "--identity", "ada", "--reason", "x", "--tenant", ""},
	} {
		cmd := newCommand()
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		cmd.SetArgs(args)
		err := cmd.Execute()
		require.ErrorContains(t, err, "--"+strings.TrimPrefix(args[len(args)-2], "--"), args)
		require.ErrorContains(t, err, "empty", args)
		require.Equal(t, exitFailed, exitCode(err), args)
	}
}
