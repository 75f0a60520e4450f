package archive

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/provisioning"
)

const childEnv = "PROVTRAIL_TEST_ARCHIVE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
		os.Exit(3)
	}
	clickhousetest.Main(m)
}

// perBatch is how many records the child writes at once.
const perBatch = 40

// child writes batch after batch and says each that is acknowledged, until it is
// killed.
func child(dir string) {
	a, err := Open(context.Background(), dir, Options{Now: func() time.Time { return noon.Add(time.Hour) }})
	for n := 0; err == nil; n++ {
		if _, err = a.Write(context.Background(), Batch{Records: records(n*perBatch, (n+1)*perBatch)}); err == nil {
			_, err = fmt.Println(n)
		}
	}
	fmt.Fprintln(os.Stderr, err)
}

// TestKilledWriterLeavesOnlyWholeFiles ends a writing process with SIGKILL again
// and again: every visible file is whole, every acknowledged record is there, and
// writing the same batches afresh doubles nothing.
func TestKilledWriterLeavesOnlyWholeFiles(t *testing.T) {
	dir := t.TempDir()
	acknowledged := -1
	for range 8 {
		acknowledged = max(acknowledged, killed(t, dir))
		rows := map[provisioning.ID]bool{}
		total := 0
		for _, file := range readAll(t, dir) {
			for _, r := range file {
				rows[r.EventID] = true
				total++
			}
		}
		require.Len(t, rows, total, "a record is there twice")
		for n := range (acknowledged + 1) * perBatch {
			require.True(t, rows[id(n)], "record %d of batch %d was acknowledged", n, n/perBatch)
		}
	}
	require.GreaterOrEqual(t, acknowledged, 0, "nothing was ever written")
}

// killed runs a child, kills it a little later and returns its last word.
func killed(t *testing.T, dir string) (last int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	last = -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
		if last == 0 {
			time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = cmd.Process.Kill() }) //nolint:gosec // a test's dice
		}
	}
	require.Error(t, cmd.Wait(), "it does not end by itself")
	return last
}
