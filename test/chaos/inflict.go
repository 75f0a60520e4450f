package main

import (
	"context"
	"strings"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// inflict lets one fault happen and repairs what it broke, but for the collector,
// which starts again by itself.
func (r *run) inflict(ctx context.Context, f *fault) {
	switch f.Kind {
	case killCollector:
		r.collector.kill()
	case killTwice:
		r.collector.kill()
		sleep(ctx, f.For)
		r.collector.kill()
	case stopCollector:
		if err := r.collector.stop(); err != nil {
			r.wrong("stop: " + err.Error())
		}
	case killClickHouse, clickHouseAway:
		r.engine.kill()
		sleep(ctx, f.For)
		r.startEngine(ctx)
	case killBoth:
		r.engine.kill()
		r.collector.kill()
		sleep(ctx, f.For)
		r.startEngine(ctx)
	case pauseCollector:
		r.collector.signal(syscall.SIGSTOP)
		sleep(ctx, f.For)
		r.collector.signal(syscall.SIGCONT)
	case pauseClickHouse:
		if pid := r.engine.pid(); pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			sleep(ctx, f.For)
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	case diskFullState, diskFullQueue, diskFullArchive:
		disk := strings.TrimPrefix(f.Kind, "disk-full-")
		if err := r.disks.fill(disk); err != nil {
			r.wrong("fill: " + err.Error())
		}
		r.last(ctx, f)
		r.disks.free(disk)
	case slowDisk:
		r.disks.slow(20)
		r.last(ctx, f)
		r.disks.slow(0)
	case diskFrozen:
		if err := r.disks.freeze(f.What, true); err != nil {
			r.wrong(err.Error())
		}
		sleep(ctx, f.For)
		if err := r.disks.freeze(f.What, false); err != nil {
			r.wrong(err.Error())
		}
	case networkCut:
		r.wire.setCut(true)
		sleep(ctx, f.For)
		r.wire.setCut(false)
	case networkStall:
		r.wire.setStalled(true)
		sleep(ctx, f.For)
		r.wire.setStalled(false)
	case fewFilesLeft:
		if pid := r.collector.pid(); pid != 0 {
			_ = fewFiles(ctx, pid, f.For) // it may have ended
		}
	case machineClock:
		if err := jumpClock(ctx, f.Skew, f.For); err != nil {
			r.wrong("the machine's clock: " + err.Error())
		}
	case clockJump:
		r.vendor.skew(f.Skew)
		sleep(ctx, f.For)
		r.vendor.skew(0)
	case vendorFaulty:
		_ = r.vendor.faults(ctx, worse(8)) // it may be too busy to listen
		sleep(ctx, f.For)
		if err := await(ctx, time.Minute, func() error { return r.vendor.faults(ctx, usual) }); err != nil {
			r.wrong(err.Error())
		}
	case secondCollector:
		r.second(ctx)
	}
}

// last waits until a fault is over, and kills the collector in the middle of it.
func (r *run) last(ctx context.Context, f *fault) {
	if f.Kill > 0 {
		sleep(ctx, f.Kill)
		r.collector.kill()
	}
	sleep(ctx, f.For-f.Kill)
}

func (r *run) startEngine(ctx context.Context) {
	if err := await(ctx, time.Minute, func() error { return r.engine.start(ctx) }); err != nil {
		r.wrong("ClickHouse does not start again: " + err.Error())
	}
}

// second starts another collector over the same folders while the first one runs.
func (r *run) second(ctx context.Context) {
	if err := r.collector.healthy(ctx); err != nil {
		r.wrong(err.Error())
		return
	}
	said, err := r.collector.second(ctx)
	switch {
	case err != nil:
		r.wrong(err.Error())
	case !strings.Contains(said, "another process"):
		r.wrong("the second collector does not say what is wrong: " + said)
	}
}

// wrong notes that something behaved as it must not.
func (r *run) wrong(what string) {
	r.verdict.note("run", []blackbox.Difference{{ID: what, Kind: blackbox.Wrong}})
}
