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
		"quarantine list --since soon", "quarantine requeue", "simulate --from soon", "simulate --bogus", "demo a",
		"archive hold list", "errors list --category bogus", "validate --config /nowhere.yaml",
	} {
		require.Equal(t, exitFailed, run(args), args)
	}
	require.Equal(t, exitFindings, run("errors explain bogus"))
}
