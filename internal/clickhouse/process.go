package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is one running ClickHouse.
type Process struct {
	cmd  *exec.Cmd
	gate io.Closer // closing it is the clean stop
	tail *logTail

	stopTimeout time.Duration
	done        chan struct{}
	err         error // why it ended; written before done is closed
}

// Start starts a process and returns once it answers on both addresses. If it does not
// within [Config.StartTimeout], it is ended and the error says what it last said.
func (e *Engine) Start(ctx context.Context) (*Process, error) {
	if err := errors.Join(checkFree("native", e.cfg.NativeEndpoint), checkFree("http", e.cfg.HTTPEndpoint)); err != nil {
		return nil, err
	}
	if err := e.dropEmptyDefinitions(); err != nil {
		return nil, err
	}
	process, err := e.spawn()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.StartTimeout)
	defer cancel()
	if err := process.awaitAnswer(ctx, e.HTTPAddr(), e.NativeAddr()); err != nil {
		process.Kill()
		return nil, fmt.Errorf("ClickHouse (%s) did not start: %w%s", e.program, err, process.tail)
	}
	return process, nil
}

func (e *Engine) spawn() (*Process, error) {
	cmd, err := e.child().command(e.args())
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{e.lock}
	cmd.Dir = e.cfg.Directory
	// Ctrl-C in a terminal reaches the whole group: the engine must outlive the
	// pipelines that still write to it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	stdin, gate, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	cmd.Stdin = stdin
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start ClickHouse: %w", err), gate.Close())
	}
	process := &Process{cmd: cmd, gate: gate, tail: &logTail{}, stopTimeout: e.cfg.StopTimeout, done: make(chan struct{})}
	go func() {
		defer close(process.done)
		passLog(stderr, e.log, process.tail)
		process.err = cmd.Wait()
		_ = gate.Close()
	}()
	return process, nil
}

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says why a process that is [Process.Done] ended: nil after a clean stop.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%w%s", p.err, p.tail)
}

// Stop ends the process cleanly, and by force when ctx or [Config.StopTimeout] is over
// before. The data is safe either way: what was acknowledged is on disk.
func (p *Process) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.stopTimeout)
	defer cancel()
	_ = p.gate.Close()
	select {
	case <-p.done:
		return p.Err()
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("ClickHouse process %d did not stop in time and was killed: %w", p.Pid(), ctx.Err())
	}
}

// Kill ends the process by force and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}
