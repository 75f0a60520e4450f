package blackbox

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPortsAreOfOneProcess: what one process has got, another one does not get, although
// nothing listens on it yet; and no outgoing connection may take it.
func TestPortsAreOfOneProcess(t *testing.T) {
	const n = 3 * blockSize
	addresses, err := FreePorts(n)
	require.NoError(t, err)
	if os.Getenv("PROVTRAIL_TEST_PORTS") != "" {
		t.Log("PORTS " + strings.Join(addresses, " "))
		return
	}
	mine := map[string]bool{}
	for _, address := range addresses {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		require.NoError(t, err)
		assert.Less(t, tcp.Port, endOfPorts)
		mine[address] = true
	}
	require.Len(t, mine, n, "each once")
	for range 3 {
		other := exec.Command(os.Args[0], "-test.run=^TestPortsAreOfOneProcess$", "-test.v")
		other.Env = append(os.Environ(), "PROVTRAIL_TEST_PORTS=1")
		out, err := other.CombinedOutput()
		require.NoError(t, err, "%s", out)
		_, list, found := strings.Cut(string(out), "PORTS ")
		require.True(t, found, "%s", out)
		list, _, _ = strings.Cut(list, "\n")
		theirs := strings.Fields(list)
		require.Len(t, theirs, n)
		for _, address := range theirs {
			assert.False(t, mine[address], address)
		}
	}
}
