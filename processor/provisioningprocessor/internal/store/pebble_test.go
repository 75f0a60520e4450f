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
	if _, err := Open(directory, 1<<20, zap.NewNop()); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestOneProcessorADirectory(t *testing.T) {
	directory := t.TempDir()
	refused := func() {
		t.Helper()
		_, err := Open(directory, 1<<20, zap.NewNop())
		require.ErrorContains(t, err, directory+" cannot be locked")
		require.ErrorContains(t, err, "give each a directory of its own")
	}
	p, err := Open(directory, 1<<20, zap.NewNop())
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

	p, err = Open(directory, 1<<20, zap.NewNop())
	require.NoError(t, err, "the lock of a process that ended is no lock")
	require.NoError(t, p.Close(t.Context()))
}

// What was flushed survives a crash that loses everything the file system had not
// been emitted to sync.
func TestPebbleSurvivesACrash(t *testing.T) {
	disk := vfs.NewCrashableMem()
	p, err := open(disk, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	for i := range byte(20) {
		require.NoError(t, p.Commit(t.Context(), &Batch{Meta: []byte{i}, Groups: []GroupChange{{Key: provisioning.ID{i}, Value: []byte{i}, Timer: 3}}}))
		require.NoError(t, p.Flush(t.Context()))
	}
	after := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, p.Close(t.Context()))

	p, err = open(after, "state", 1<<20, 1<<17, zap.NewNop())
	require.NoError(t, err)
	meta, err := p.Meta(t.Context())
	require.NoError(t, err)
	require.Equal(t, []byte{19}, meta)
	keys := make([]provisioning.ID, 20)
	for i := range keys {
		keys[i] = provisioning.ID{byte(i)}
	}
	read := 0
	require.NoError(t, p.Load(t.Context(), Groups, keys, func(i int, value []byte) error {
		require.Equal(t, []byte{byte(i)}, value)
		read++
		return nil
	}))
	require.Equal(t, 20, read)
	due, err := p.Due(t.Context(), 3)
	require.NoError(t, err)
	require.Len(t, due.Keys, 20)
	require.NoError(t, p.Close(t.Context()))
}
