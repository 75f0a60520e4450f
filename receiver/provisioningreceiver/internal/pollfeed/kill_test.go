package pollfeed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// The child of TestKillWhilePolling: feeds whose next consumer writes into a file of a
// directory.
const childDir = "PROVISIONING_RECEIVER_TEST_DIR"

const childVendor = "PROVISIONING_RECEIVER_TEST_VENDOR"

// ledger is a next consumer that has accepted a batch once it is in a file.
type ledger struct {
	mu   sync.Mutex // guards file: several feeds deliver
	file *os.File
}

func (*ledger) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (l *ledger) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.file.Write(append(line, '\n'))
	return err
}

// pollingChild polls until it is killed, at the latest when its parent ends.
func pollingChild(t *testing.T, dir, url string) {
	file, err := os.OpenFile(filepath.Join(dir, "accepted"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString("\n") // ends what a kill may have cut off
	require.NoError(t, err)
	start(t, &ledger{file: file}, filepath.Join(dir, "storage"), func(c *sections) {
		reconciling(url)(c)
		for _, f := range []*Config{c.rest, c.search, c.events} {
			f.Backfill, f.Interval = NewDefaultRESTConfig().Backfill, 20*time.Millisecond
		}
	})
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// readLedger gives the store what is in the file and not given yet; a line that a
// kill cut off was not accepted.
func readLedger(t *testing.T, file io.Reader, rest []byte, into *feedtest.Store) []byte {
	t.Helper()
	data, err := io.ReadAll(file)
	require.NoError(t, err)
	data = append(rest, data...)
	for {
		line, after, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return data
		}
		data = after
		if logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line); err == nil && len(line) > 0 {
			require.NoError(t, into.ConsumeLogs(t.Context(), logs))
		}
	}
}

// TestKillWhilePolling: kill -9 at random moments, in the middle of requests,
// deliveries, checkpoints and reconciliations, while the vendor misbehaves and time goes on,
// loses nothing and doubles nothing, and each hour is stated to have what was delivered.
func TestKillWhilePolling(t *testing.T) {
	if url := os.Getenv(childVendor); url != "" {
		pollingChild(t, os.Getenv(childDir), url)
		return
	}
	v := startVendor(t, func(o *api.Options) {
		o.Faults = map[string]float64{}
		for _, name := range api.FaultNames {
			o.Faults[name] = 0.03
		}
		o.Faults[api.FaultRateLimited], o.Faults[api.FaultSlowDrip] = 0.005, 0.002 // each takes a second
		o.Faults[api.FaultUnknownEnums] = 0                                        // a status nobody knows is never corrected
		for _, name := range api.DocumentFaults {
			o.Faults[name] = 0 // what is shown late depends on when one looks
		}
	})
	var requests atomic.Int64
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		v.ServeHTTP(w, r)
	}))
	t.Cleanup(counted.Close)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "storage"), 0o700))
	file, err := os.OpenFile(filepath.Join(dir, "accepted"), os.O_CREATE|os.O_RDONLY, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillWhilePolling$")
		cmd.Env = append(os.Environ(), childDir+"="+dir, childVendor+"="+counted.URL)
		_, err := cmd.StdinPipe() // ends with this process, and the child with it
		require.NoError(t, err)
		cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
		require.NoError(t, cmd.Start())
		return cmd
	}

	s := feedtest.NewStore()
	var rest []byte
	unfinished := 0
	for range 5 {
		cmd := start()
		until := requests.Load() + rand.Int64N(60) + 1
		require.Eventually(t, func() bool { return requests.Load() >= until }, 30*time.Second, time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		if rest = readLedger(t, file, rest, s); !agrees(v.known(), resolved(s)) {
			unfinished++
		}
		v.clock.Add(int64(5 * time.Hour))
	}
	require.Positive(t, unfinished, "killed in the middle")

	for _, fault := range api.CountFaults { // else a wrong count may be the last one
		require.NoError(t, v.SetFaults(map[string]float64{fault: 0}))
	}
	v.clock.Add(int64(25 * time.Hour)) // each hour so far is reconciled once more
	cmd := start()
	want := v.known()
	require.NotEmpty(t, want)
	require.Eventually(t, func() bool {
		rest = readLedger(t, file, rest, s)
		return agrees(want, resolved(s)) && wrongStatements(t, v, s, 25*time.Hour, agreed) == ""
	}, 60*time.Second, 100*time.Millisecond, "%s", wrongStatements(t, v, s, 25*time.Hour, agreed))
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	readLedger(t, file, rest, s)
	require.True(t, maps.Equal(want, resolved(s)), "also what came last changes and doubles nothing")
	require.Empty(t, s.Quarantine())

	ids := map[string]provisioning.ID{}
	for _, o := range s.All() {
		what := fmt.Sprint(o.Feed, o.Dialect, o.VendorID, o.ItemID, o.GroupID, o.SourceID, o.AccountID, o.AttributeName, o.AttributeValue,
			o.Operation, o.RawStatus, o.OccurredAt, o.ErrorMessage)
		require.NotContains(t, ids, what, "one observation with two ids")
		ids[what] = o.EventID
	}
}
