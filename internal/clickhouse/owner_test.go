package clickhouse

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
)

func TestOneOwnerPerDirectory(t *testing.T) {
	cfg := testConfig(t.TempDir())
	engine := open(t, cfg, zaptest.NewLogger(t))
	_, err := Open(t.Context(), cfg, zaptest.NewLogger(t))
	require.ErrorIs(t, err, ErrDirectoryInUse)
	assert.ErrorContains(t, err, fmt.Sprintf("running process %d", os.Getpid()))
	assert.ErrorContains(t, err, engine.cfg.Directory)
}

// TestKilledParent kills a parent the way the kernel's out-of-memory killer does: its
// ClickHouse must end by itself, and the next owner must get the directory and the data.
func TestKilledParent(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	parent.Stderr = os.Stderr
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	var pid int
	var addr string
	_, err = fmt.Fscan(bufio.NewReader(stdout), &pid, &addr)
	require.NoError(t, err)
	require.True(t, alive(pid))

	conn := connect(t, addr)
	require.NoError(t, conn.Exec(t.Context(), "CREATE DATABASE d"))
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE d.t (id UInt64) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO d.t SELECT number FROM numbers(1000)"))

	_, err = Open(t.Context(), testConfig(dir), zaptest.NewLogger(t))
	require.ErrorIs(t, err, ErrDirectoryInUse)
	assert.ErrorContains(t, err, fmt.Sprintf("running process %d", parent.Process.Pid))

	require.NoError(t, conn.Close())
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())

	// Open waits for the orphan rather than fail.
	engine := open(t, testConfig(dir), zaptest.NewLogger(t))
	require.Eventually(t, func() bool { return !alive(pid) }, 30*time.Second, pollInterval)
	start(t, engine)
	assert.Equal(t, "1000\t499500", queryHTTP(t, engine.HTTPAddr(), "SELECT count(), sum(id) FROM d.t"))
}

func TestWaitForTheDirectoryIsBounded(t *testing.T) {
	dir := t.TempDir()
	log := zaptest.NewLogger(t)
	held, err := lockDirectory(t.Context(), dir, time.Second, log)
	require.NoError(t, err)
	defer held.Close()
	// An owner that is gone: its ClickHouse hangs.
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	require.NoError(t, os.WriteFile(held.Name(), fmt.Append(nil, gone.Process.Pid), 0o600))

	_, err = lockDirectory(t.Context(), dir, 50*time.Millisecond, log)
	require.ErrorIs(t, err, ErrDirectoryInUse)
	assert.ErrorContains(t, err, "still holds it after 50ms")
}
