package blackbox

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

// Ports are handed out below those that Linux gives to outgoing connections (32768 and
// above), because any connection may take such a port before the program that it was meant
// for listens on it.
const (
	firstPort, endOfPorts = 10000, 32000

	// blockSize is how many ports a process takes at a time.
	blockSize = 20
)

var ports portBlock

// portBlock is the ports that this process may use. The process listens on the first port
// of a block until it ends, which keeps the block from other processes.
type portBlock struct {
	mu   sync.Mutex // guards everything below
	left []int
	held []net.Listener
}

// FreePorts returns n addresses on loopback that nothing listens on and that no other
// process gets from this function while the caller's runs.
func FreePorts(n int) (addresses []string, err error) {
	ports.mu.Lock()
	defer ports.mu.Unlock()
	for len(addresses) < n {
		if len(ports.left) == 0 {
			if err := ports.reserve(); err != nil {
				return nil, err
			}
		}
		address := loopback(ports.left[0])
		ports.left = ports.left[1:]
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

func (b *portBlock) reserve() error {
	const blocks = (endOfPorts - firstPort) / blockSize
	var failed error
	for i := range blocks {
		first := firstPort + (os.Getpid()+i)%blocks*blockSize
		held, err := net.Listen("tcp", loopback(first))
		if err != nil {
			failed = err
			continue
		}
		b.held = append(b.held, held)
		for port := first + 1; port < first+blockSize; port++ {
			b.left = append(b.left, port)
		}
		return nil
	}
	return fmt.Errorf("reserve ports from %d to %d: %w", firstPort, endOfPorts-1, failed)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
