package e2e

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDemoShowsTheTablesAndLeavesNothingRunning is what `make run` does after the build.
func TestDemoShowsTheTablesAndLeavesNothingRunning(t *testing.T) {
	c := newCollector(t)
	log, err := os.Create(c.path("demo.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.Command(program, "demo", "--days", "1", "--groups-per-day", "80", "--rate", "2")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = root, c.environ(), log, log
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	text := func() string {
		b, err := os.ReadFile(c.path("demo.log"))
		require.NoError(t, err)
		return string(b)
	}
	shown := eventually(func() bool { return len(ended) > 0 || strings.Contains(text(), "Ctrl-C") })
	second := exec.Command(program, "demo")
	second.Dir, second.Env = root, c.environ()
	refused, err := second.CombinedOutput()
	_ = cmd.Process.Signal(syscall.SIGINT)
	require.Error(t, err, "%s", refused)
	require.Contains(t, string(refused), "listens on")
	require.NoError(t, <-ended, text())
	require.True(t, shown, text())
	for _, want := range []string{
		"Activities by status", "Success", "Newest groups", "that waits for its approver", "failed on both sides", c.env["PROVTRAIL_CLICKHOUSE_HTTP"], c.path("archive"), c.env["PROVTRAIL_HEALTH"],
	} {
		require.Contains(t, text(), want)
	}
	for name, address := range c.env {
		if _, _, err := net.SplitHostPort(address); err == nil {
			_, err := net.Dial("tcp", address)
			require.Error(t, err, "%s still listens on %s", name, address)
		}
	}
}
