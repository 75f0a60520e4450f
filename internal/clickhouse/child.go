package clickhouse

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv holds a [child] as JSON.
const childEnv = "PROVTRAIL_CLICKHOUSE_CHILD"

// child says to another process of this program which engine it is to become.
type child struct {
	Program     Program
	StopTimeout time.Duration
	// Confine keeps the engine from all files but those below Readable and Writable.
	Confine            bool
	Readable, Writable []string
}

// kept are the environment variables that the engine gets: it must not have the secrets
// that the others may hold.
var kept = []string{"PATH", "HOME", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH"}

func (c *child) environment() ([]string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	env := []string{childEnv + "=" + string(text)}
	for _, name := range kept {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env, nil
}

// RunChildIfAsked turns this process into the ClickHouse server if [Engine.Start] of
// another process of the same program started it for that, and then never returns.
// Otherwise it does nothing. Call it first in main and in TestMain.
func RunChildIfAsked() {
	text := os.Getenv(childEnv)
	if text == "" {
		return
	}
	var c child
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = c.run(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (c *child) run(args []string) error {
	if c.Confine || c.Program.Binary != "" {
		return c.execute(args)
	}
	// A parent that was killed leaves a log pipe nobody reads: the engine must still end
	// cleanly. A signal to the whole process group or service is for the parent, whose
	// pipelines write to the engine until the end.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go c.boundStop()
	return runLibrary(c.Program.Library, args)
}

// execute replaces this process by a confined one. Landlock restricts a thread, and what
// that thread executes.
func (c *child) execute(args []string) error {
	runtime.LockOSThread()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program to run it as the ClickHouse process: %w", err)
	}
	if c.Confine {
		if err := confine(append(c.Readable, self, c.Program.String()), c.Writable); err != nil {
			return err
		}
	}
	next := *c
	next.Confine = false
	env, err := next.environment()
	if err != nil {
		return err
	}
	if c.Program.Binary != "" {
		return syscall.Exec(c.Program.Binary, append([]string{c.Program.Binary, "local"}, args...), env[1:])
	}
	return syscall.Exec(self, append([]string{self}, args...), env)
}

// boundStop ends this process when the parent has closed the terminal, or is gone, and the
// engine does not stop in time.
func (c *child) boundStop() {
	hangup := []unix.PollFd{{Fd: 0}}
	for hangup[0].Revents == 0 {
		if _, err := unix.Poll(hangup, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
	time.Sleep(c.StopTimeout)
	fmt.Fprintln(os.Stderr, "the engine did not stop within "+c.StopTimeout.String()+": ended by force, process "+strconv.Itoa(os.Getpid()))
	os.Exit(1)
}
