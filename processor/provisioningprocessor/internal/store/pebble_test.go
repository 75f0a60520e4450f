package store

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
)

// holdVariable has the test binary hold a directory as another process would.
const holdVariable = "PROVTRAIL_TEST_HOLD_DIRECTORY"

func TestMain(m *testing.M) {
	directory := os.Getenv(holdVariable)
	if directory == "" {
		os.Exit(m.Run())
	}
	if _, err := OpenPebble(directory, 1<<20, zap.NewNop()); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestOneProcessorADirectory(t *testing.T) {
	directory := t.TempDir()
	refused := func() {
		t.Helper()
		_, err := OpenPebble(directory, 1<<20, zap.NewNop())
		require.ErrorContains(t, err, directory+" cannot be locked")
		require.ErrorContains(t, err, "give each a directory of its own")
	}
	p, err := OpenPebble(directory, 1<<20, zap.NewNop())
	require.NoError(t, err)
	refused()
	require.NoError(t, p.Close(t.Context()))

	other := exec.CommandContext(t.Context(), os.Args[0])
	other.Env = append(os.Environ(), holdVariable+"="+directory)
	in, err := other.StdinPipe()
	require.NoError(t, err)
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	refused()
	require.NoError(t, in.Close())
	require.NoError(t, other.Wait())

	p, err = OpenPebble(directory, 1<<20, zap.NewNop())
	require.NoError(t, err, "the lock of a process that ended is no lock")
	require.NoError(t, p.Close(t.Context()))
}

// What was flushed survives a crash that loses everything the file system had not
// been told to sync.
func TestPebbleSurvivesACrash(t *testing.T) {
	disk := vfs.NewCrashableMem()
	p, err := openPebble(disk, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	for i := range byte(20) {
		require.NoError(t, p.Commit(t.Context(), &Batch{Meta: []byte{i}, Changes: []Change{{Key: provisioning.ID{i}, Value: []byte{i}, Alarm: 3}}}))
		require.NoError(t, p.Flush(t.Context()))
	}
	after := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, p.Close(t.Context()))

	p, err = openPebble(after, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	meta, err := p.Meta(t.Context())
	require.NoError(t, err)
	require.Equal(t, []byte{19}, meta)
	for i := range byte(20) {
		values, err := p.Load(t.Context(), []provisioning.ID{{i}})
		require.NoError(t, err)
		require.Equal(t, []byte{i}, values[0])
	}
	rung, err := p.Due(t.Context(), 3)
	require.NoError(t, err)
	require.Len(t, rung.Keys, 20)
	require.NoError(t, p.Close(t.Context()))
}
