package main

import (
	"context"
	"errors"
	"fmt"
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
		r.engine.signal(syscall.SIGSTOP)
		sleep(ctx, f.For)
		r.engine.signal(syscall.SIGCONT)
	case diskFullState, diskFullQueue, diskFullArchive, diskFullEngine:
		disk := strings.TrimPrefix(f.Kind, "disk-full-")
		if err := r.disks.fill(disk); err != nil {
			r.wrong("fill: " + err.Error())
		}
		r.last(ctx, f)
		if err := r.disks.free(disk); err != nil {
			r.wrong("free: " + err.Error())
		}
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
	case diskBroken:
		r.breakDisk(ctx, f)
	case powerCut:
		r.cutPower(ctx, f.For)
	case networkCut:
		r.wires[f.What].setCut(true)
		sleep(ctx, f.For)
		r.wires[f.What].setCut(false)
	case networkStall:
		r.wires[f.What].setStalled(true)
		sleep(ctx, f.For)
		r.wires[f.What].setStalled(false)
	case refused:
		r.refuse(ctx, f)
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

// breakDisk lets every access to one disk fail, for a while, and mounts it again.
func (r *run) breakDisk(ctx context.Context, f *fault) {
	err := r.disks.shut(f.What)
	sleep(ctx, f.For)
	if f.What == clickHouse {
		r.engine.kill()
		err = errors.Join(err, r.disks.replace(ctx, f.What))
		r.startEngine(ctx)
	} else {
		r.collector.want(false)
		r.collector.kill()
		err = errors.Join(err, r.disks.replace(ctx, f.What))
		r.collector.want(true)
	}
	if err != nil {
		r.wrong(err.Error())
	}
}

// cutPower ends everything at once; what no disk has, is gone.
func (r *run) cutPower(ctx context.Context, last time.Duration) {
	r.collector.want(false)
	r.collector.signal(syscall.SIGSTOP)
	r.engine.signal(syscall.SIGSTOP)
	var err error
	for _, name := range diskNames {
		err = errors.Join(err, r.disks.shut(name))
	}
	r.collector.kill()
	r.engine.kill()
	for _, name := range diskNames {
		err = errors.Join(err, r.disks.replace(ctx, name))
	}
	if err != nil {
		r.wrong(err.Error())
	}
	sleep(ctx, last)
	r.startEngine(ctx)
	r.collector.want(true)
}

// refuse lets ClickHouse refuse inserts into one table, for a while: of the tables that
// one insert goes into, some have it then and some do not.
func (r *run) refuse(ctx context.Context, f *fault) {
	r.maxParts(ctx, f.What, 1)
	sleep(ctx, f.For)
	r.lifted = append(r.lifted, f.What)
	r.lift(ctx)
}

// lift ends what refuse began. ClickHouse does not sync that, so a power cut may begin it again.
func (r *run) lift(ctx context.Context) {
	for _, table := range r.lifted {
		r.maxParts(ctx, table, defaultMaxParts)
	}
}

const defaultMaxParts = 3000

func (r *run) maxParts(ctx context.Context, table string, n int) {
	if err := await(ctx, time.Minute, func() error {
		return r.engine.exec(ctx, fmt.Sprintf("ALTER TABLE provtrail.%s MODIFY SETTING parts_to_throw_insert = %d", table, n))
	}); err != nil {
		r.wrong(err.Error())
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
	r.lift(ctx)
}

// second starts another collector over the same folders while the first one runs.
func (r *run) second(ctx context.Context) {
	if err := r.collector.healthy(ctx); err != nil {
		r.wrong(err.Error())
		return
	}
	output, err := r.collector.second(ctx)
	switch {
	case err != nil:
		r.wrong(err.Error())
	case !strings.Contains(output, "another process"):
		r.wrong("the second collector does not name the cause: " + output)
	}
}

// wrong notes that something behaved as it must not.
func (r *run) wrong(what string) {
	r.verdict.note("run", []blackbox.Difference{{ID: what, Kind: blackbox.Wrong}})
}
