package filefeed

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// The child of TestKill: a receiver whose next consumer writes the accepted
// groups into a file, and stands still for ever in the call given by
// childStandsIn.
const (
	childDir      = "PROVISIONING_RECEIVER_TEST_DIR"
	childStandsIn = "PROVISIONING_RECEIVER_TEST_STANDS_IN"
)

type accepted struct {
	file  *os.File
	calls int
	stand int
}

func (*accepted) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (j *accepted) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if j.calls++; j.calls == j.stand {
		if err := os.WriteFile(j.file.Name()+".stands", nil, 0o600); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	for _, lr := range feedtest.Records(logs) {
		var r record.Record
		if err := record.Read(lr, &r); err != nil {
			return err
		}
		line, err := json.Marshal(r.GroupID)
		if err != nil {
			return err
		}
		if _, err := j.file.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return j.file.Sync()
}

func child(t *testing.T, dir string) {
	file, err := os.OpenFile(filepath.Join(dir, "accepted"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	j := &accepted{file: file}
	if n := os.Getenv(childStandsIn); n != "" {
		require.NoError(t, json.Unmarshal([]byte(n), &j.stand))
	}
	start(t, j, filepath.Join(dir, "storage"), reading(filepath.Join(dir, "in")))
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
	require.NoError(t, file.Close())
}

// TestKill: kill -9 after data was read and before it was accepted, and at other
// times, loses nothing.
func TestKill(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(t, dir)
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "storage"), 0o700))
	content, groups := many(0, 20000)
	write(t, dir, "in/log.ndjson", content)
	accepted := func() map[string]bool {
		data, err := os.ReadFile(filepath.Join(dir, "accepted"))
		if os.IsNotExist(err) {
			return nil
		}
		require.NoError(t, err)
		found := map[string]bool{}
		for line := range strings.Lines(string(data)) {
			var group string
			if json.Unmarshal([]byte(line), &group) == nil {
				found[group] = true
			}
		}
		return found
	}
	start := func(standsIn string) (*exec.Cmd, io.Closer) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), childDir+"="+dir, childStandsIn+"="+standsIn)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		require.NoError(t, cmd.Start())
		return cmd, in
	}
	for _, call := range []string{"1", "2"} {
		cmd, _ := start(call)
		mark := filepath.Join(dir, "accepted.stands")
		require.Eventually(t, func() bool { _, err := os.Stat(mark); return err == nil }, 30*time.Second, 5*time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		require.NoError(t, os.Remove(mark))
		require.Less(t, len(accepted()), len(groups), "killed in the middle")
	}
	cmd, in := start("")
	require.Eventually(t, func() bool { return len(accepted()) == len(groups) }, 30*time.Second, 20*time.Millisecond)
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
	found := accepted()
	for _, g := range groups {
		require.True(t, found[g], g)
	}
}
