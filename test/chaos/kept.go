package main

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// kept is a process that is kept running, however often it is killed.
type kept[P interface {
	Done() <-chan struct{}
	Kill()
}] struct {
	begin func(context.Context) (process P, pid int, err error)

	mu      sync.Mutex // guards everything below
	process P
	pid     int  // 0 while it does not run
	wanted  bool // it is to run
	kills   int
	own     int // ends of its own
}

// keep starts the process if it is wanted and not there.
func (k *kept[P]) keep(ctx context.Context) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pid != 0 {
		select {
		case <-k.process.Done():
			k.own++
			k.pid = 0
		default:
		}
	}
	if k.pid == 0 && k.wanted {
		k.process, k.pid, err = k.begin(ctx)
	}
	return err
}

// run keeps the process until ctx ends.
func (k *kept[P]) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = k.keep(ctx) // once more soon
		blackbox.Sleep(ctx, 50*time.Millisecond)
	}
}

// want sets whether the process is to run.
func (k *kept[P]) want(wanted bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wanted = wanted
}

// take hands the running process over, if there is one, to be ended.
func (k *kept[P]) take() (process P, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found = k.pid != 0
	k.pid = 0
	return k.process, found
}

// kill ends the process as a power cut would, if it runs.
func (k *kept[P]) kill() {
	if p, found := k.take(); found {
		p.Kill()
		k.mu.Lock()
		k.kills++
		k.mu.Unlock()
	}
}

func (k *kept[P]) signal(s syscall.Signal) {
	if pid := k.running(); pid != 0 {
		_ = syscall.Kill(pid, s) // it may have ended
	}
}

// running is the process id, 0 while it does not run.
func (k *kept[P]) running() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pid
}
