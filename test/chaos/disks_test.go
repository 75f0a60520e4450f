package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBallastIsGoneAfterAPowerCut: a disk that was full has space again, whether the power
// fails after the ballast was removed or while it is there.
func TestBallastIsGoneAfterAPowerCut(t *testing.T) {
	d, err := openDisks(t.TempDir())
	require.NoError(t, err)
	defer d.unmount()
	if d.why != "" {
		t.Skipf("file systems cannot be mounted here: %s", d.why)
	}
	for _, freed := range []bool{true, false} {
		require.NoError(t, d.fill("queue"))
		require.NoError(t, command("sync", "-f", d.path("queue")))
		if freed {
			require.NoError(t, d.free("queue"))
		}
		require.NoError(t, d.shut("queue"))
		require.NoError(t, d.replace(t.Context(), "queue"))
		require.NoFileExists(t, d.ballast("queue"))
		require.NoError(t, os.WriteFile(d.path("queue")+"/file", make([]byte, 1<<20), 0o600))
	}
}
