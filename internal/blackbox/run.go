package blackbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is a running program that writes to a log file.
type Process struct {
	*os.Process
	Log string

	begun time.Time
	done  chan struct{}
	err   error // why it ended; written before done is closed
}

// Start starts a program in a folder, with variables besides those of the environment. Its
// output is appended to a log file.
func Start(program, dir, log string, env []string, args ...string) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &Process{Process: cmd.Process, Log: log, begun: time.Now(), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is why the process ended; nil where it ended well, or runs.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Kill ends the process as a power cut would.
func (p *Process) Kill() {
	_ = p.Signal(syscall.SIGKILL) // it may have ended
	<-p.done
}

// starting is how long a program may take until it listens to signals.
const starting = 10 * time.Second

// Stop asks the process to end and kills it if it does not.
func (p *Process) Stop(within time.Duration) error {
	_ = p.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(within):
		p.Kill()
		return fmt.Errorf("process %d did not stop within %s and was killed; its log ends with:\n%s", p.Pid, within, Tail(p.Log, 5))
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok && time.Since(p.begun) < starting {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGTERM {
			return nil
		}
	}
	return p.err
}

// Healthy waits until a health check answers 200.
func Healthy(ctx context.Context, address, log string) error {
	for {
		status, _, err := Get(ctx, "http://"+address)
		if err == nil && status == http.StatusOK {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("status %d", status)
		}
		if Sleep(ctx, 50*time.Millisecond); ctx.Err() != nil {
			return fmt.Errorf("not healthy: %w; the log ends with:\n%s", err, Tail(log, 15))
		}
	}
}
