package demo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a child of the demonstration, with its output in a log file.
type process struct {
	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when the process is gone
	err    error         // how it ended, once exited is closed
}

// start runs the program itself with other arguments. The child does not get the
// terminal's Ctrl-C (it is stopped in order), and on Linux it ends with us even
// when we are killed.
func start(logPath string, args ...string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(logPath), 0o750); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Clean(logPath), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(program, args...), log: log, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = endWithParent()
	if err := p.cmd.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = log.Close()
		close(p.exited)
	}()
	return p, nil
}

// stop asks the process to end and waits; after the bound it is killed.
func (p *process) stop(bound time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return nil
	case <-time.After(bound):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("process %d did not stop within %s and was killed", p.cmd.Process.Pid, bound)
	}
}

// failed explains a process that ended when it should not have.
func (p *process) failed(what string) error {
	return fmt.Errorf("%s ended by itself (%w); its log: %s", what, p.err, p.log.Name())
}
