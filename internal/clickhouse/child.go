package clickhouse

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	childEnv       = "PROVTRAIL_CLICKHOUSE_CHILD"
	stopTimeoutEnv = "PROVTRAIL_CLICKHOUSE_STOP_TIMEOUT"
)

// RunChildIfAsked turns this process into the ClickHouse server if [Engine.Start] of
// another process of the same program started it for that, and then never returns.
// Otherwise it does nothing. Call it first in main and in TestMain.
func RunChildIfAsked() {
	library := os.Getenv(childEnv)
	if library == "" {
		return
	}
	timeout, err := time.ParseDuration(os.Getenv(stopTimeoutEnv))
	if err != nil {
		timeout = DefaultConfig().StopTimeout
	}
	if err := runChild(library, timeout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runChild puts a pipe of its own before the engine's standard input, so that it can
// bound a stop that hangs even when there is no parent left to do it.
func runChild(library string, stopTimeout time.Duration, args []string) error {
	// A parent that was killed leaves a log pipe nobody reads: the engine must still
	// end cleanly.
	signal.Ignore(syscall.SIGPIPE)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)

	inner, gate, err := os.Pipe()
	if err != nil {
		return err
	}
	parent, err := unix.Dup(syscall.Stdin)
	if err != nil {
		return fmt.Errorf("keep the parent's pipe: %w", err)
	}
	unix.CloseOnExec(parent)
	if err := unix.Dup2(int(inner.Fd()), syscall.Stdin); err != nil {
		return fmt.Errorf("replace standard input: %w", err)
	}
	_ = inner.Close()

	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(uintptr(parent), "parent"))
		close(gone)
	}()
	go func() {
		select {
		case <-gone:
		case <-stop:
		}
		_ = gate.Close()
		time.Sleep(stopTimeout)
		fmt.Fprintln(os.Stderr, "the engine did not stop within "+stopTimeout.String()+": ended by force, process "+strconv.Itoa(os.Getpid()))
		os.Exit(1)
	}()
	return runLibrary(library, args)
}
