package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// hello begins a login at ClickHouse's native port as its own client does.
var hello = []byte("\x00\x06client\x1a\x07\xc0\xbd\x03\x00\x07default\x00")

// clientsAreRude connects to ClickHouse and breaks off at every byte of a login, and after
// bytes that are none. It must be the same process afterwards, and answer.
func (a *act) clientsAreRude() error {
	before := a.engine.running()
	if before == 0 {
		return nil // a fault before this one killed it
	}
	for n := range len(hello) + 1 {
		for _, more := range []string{"", "\xff\xff\xff\xff", "GET / HTTP/1.0\r\n\r\n"} {
			conn, err := net.DialTimeout("tcp", a.engine.of.NativeAddr(), 5*time.Second)
			if err != nil {
				return fmt.Errorf("ClickHouse takes no connection after %d rude ones: %w", n, err)
			}
			_, _ = conn.Write(append(bytes.Clone(hello[:n]), more...))
			_ = conn.Close()
		}
	}
	if err := blackbox.Await(a.ctx, time.Minute, func() error { return a.engine.exec(a.ctx, "SELECT 1") }); err != nil {
		return fmt.Errorf("ClickHouse does not answer after rude clients: %w", err)
	}
	if after := a.engine.running(); after != before {
		return fmt.Errorf("rude clients ended ClickHouse's process %d; %d runs now", before, after)
	}
	return nil
}

// oddInputs are what is no file to read: the collector must pass it over.
func (a *act) oddInputs() (err error) {
	dir := a.oddDir()
	if err = os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	socket, listenErr := (&net.ListenConfig{}).Listen(a.ctx, "unix", filepath.Join(dir, "socket.json"))
	if listenErr == nil {
		listenErr = socket.Close()
	}
	return errors.Join(listenErr,
		ignoreExisting(syscall.Mkfifo(filepath.Join(dir, "fifo.json"), 0o600)),
		ignoreExisting(os.Symlink("loop.json", filepath.Join(dir, "loop.json"))),
		ignoreExisting(os.Symlink("..", filepath.Join(dir, "up"))),
		ignoreExisting(os.Symlink("/nowhere", filepath.Join(dir, "nowhere.json"))))
}

func (a *act) oddDir() string { return filepath.Join(a.dir, "input", "odd") }

func ignoreExisting(err error) error {
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	return err
}

// noOddInputs removes them again; the collector must read on as before.
func (a *act) noOddInputs() error {
	return errors.Join(a.collector.healthy(a.ctx), os.RemoveAll(a.oddDir()))
}

// loseChain takes the chain of seals away while the collector is down. It must refuse to
// seal, say so, and go on when the chain is back.
func (a *act) loseChain() (err error) {
	chain := filepath.Join(a.archiveDir(), "_chain")
	aside := chain + ".aside"
	a.collector.want(false)
	defer a.collector.want(true)
	err = a.collector.stop()
	if renamed := os.Rename(chain, aside); renamed != nil {
		return errors.Join(err, renamed)
	}
	defer func() { // whatever was seen
		a.collector.want(false)
		a.collector.kill()
		err = errors.Join(err, os.RemoveAll(chain), os.Rename(aside, chain))
	}()
	logged, statErr := os.Stat(a.collector.log())
	if statErr != nil {
		return errors.Join(err, statErr)
	}
	a.collector.want(true)
	ctx, cancel := context.WithTimeout(a.ctx, time.Minute)
	defer cancel()
	return errors.Join(err, blackbox.Await(ctx, time.Minute, func() error {
		text, err := readFrom(a.collector.log(), logged.Size())
		if err == nil && !bytes.Contains(text, []byte("seals are missing: nothing is sealed until a person decides")) {
			err = fmt.Errorf("the collector does not refuse an archive without its chain; its log ends with:\n%s", blackbox.Tail(a.collector.log(), 3))
		}
		return err
	}))
}

// readFrom reads a file from an offset.
func readFrom(path string, offset int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}
