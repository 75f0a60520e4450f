package archive

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/provisioning"
)

const (
	childEnv = "PROVTRAIL_TEST_ARCHIVE_CHILD"
	firstEnv = "PROVTRAIL_TEST_ARCHIVE_FIRST"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir)
		os.Exit(3)
	}
	clickhousetest.Main(m)
}

const (
	// perBatch is how many records the child writes at once.
	perBatch = 40
	// spacing is the time from one record to the next: an hour is over, and sealed,
	// every few batches.
	spacing = 20 * time.Second
	// redelivered is how many acknowledged batches are delivered once more after a kill.
	redelivered = 3
)

func killTime(record int) time.Time { return noon.Add(time.Duration(record) * spacing) }

func killBatch(n int) Batch {
	list := records(n*perBatch, (n+1)*perBatch)
	for i, r := range list {
		r.OccurredAt = at(killTime(n*perBatch + i))
		r.ObservedAt = r.OccurredAt
	}
	return Batch{Records: list}
}

// openKilled opens the archive of the test at the time of a batch.
func openKilled(dir string, batch *int) (*Archive, error) {
	return Open(context.Background(), dir, Options{KeyFile: dir + "-key.pem", PersonalKeys: DefaultPersonalKeys(dir), Now: func() time.Time { return killTime((*batch + 1) * perBatch) }})
}

// child writes batch after batch, says each that is acknowledged and seals what is
// over, until it is killed.
func child(dir string) {
	n, err := strconv.Atoi(os.Getenv(firstEnv))
	var a *Archive
	if err == nil {
		a, err = openKilled(dir, &n)
	}
	for ; err == nil; n++ {
		if _, err = a.Write(context.Background(), killBatch(n)); err == nil {
			_, err = fmt.Println(n)
		}
		if err == nil {
			_, err = a.SealDue(context.Background())
		}
	}
	fmt.Fprintln(os.Stderr, err)
}

// TestKilledWriter ends a process that writes and seals with SIGKILL again and
// again (PROVTRAIL_KILLS times): each acknowledged record is there, and at last, with
// every hour sealed, once; and the chain verifies.
func TestKilledWriter(t *testing.T) {
	kills := 8
	if text := os.Getenv("PROVTRAIL_KILLS"); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	dir := filepath.Join(t.TempDir(), "archive")
	acknowledged := -1
	for range kills {
		acknowledged = max(acknowledged, killed(t, dir, max(0, acknowledged+1-redelivered)))
		there := map[provisioning.ID]bool{}
		for _, rows := range readAll(t, dir) {
			for i := range rows {
				there[rows[i].EventID] = true
			}
		}
		for n := range (acknowledged + 1) * perBatch {
			require.True(t, there[id(n)], "record %d of batch %d was acknowledged", n, n/perBatch)
		}
	}
	require.Positive(t, acknowledged)

	n := acknowledged
	a, err := openKilled(dir, &n)
	require.NoError(t, err)
	_, err = a.Write(t.Context(), killBatch(n))
	require.NoError(t, err)
	n += 10 // batches: more than two hours
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	times := map[provisioning.ID]int{}
	for _, rows := range readAll(t, dir) {
		for i := range rows {
			times[rows[i].EventID]++
		}
	}
	for n := range (acknowledged + 1) * perBatch {
		require.Equal(t, 1, times[id(n)], "record %d", n)
	}
	// Each record is about another account: its key was durable before it was written.
	for _, row := range rowsOf(t, WithPersonalKeys(t.Context(), readerOf(t, DefaultPersonalKeys(dir))), dir) {
		require.Equal(t, row.Original, fmt.Sprintf(`{"id":"%s","completionStatus":"SUCCESS"}`, strings.TrimPrefix(row.AccountID, "CN=User ")))
	}
	v, err := Verify(t.Context(), dir, VerifyOptions{Keys: []ed25519.PublicKey{chain.Public(a.sealer.Keys()[0])}})
	require.NoError(t, err)
	require.Empty(t, v.Problems)
	require.Zero(t, v.Unsealed)
	t.Logf("%d kills: %d records in %d sealed hours, none lost, none doubled, the chain verifies", kills, v.Rows, v.Hours)
}

// killed runs a child from a batch on, kills it a little later and returns the last batch
// that it acknowledged.
func killed(t *testing.T, dir string, first int) (last int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir, firstEnv+"="+strconv.Itoa(first))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	last = -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if last < 0 {
			time.AfterFunc(rand.N(120*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
		last, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
	}
	require.Error(t, cmd.Wait(), "it does not end by itself")
	return last
}
