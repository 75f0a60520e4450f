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

// inflict lets one fault happen.
func (r *run) inflict(ctx context.Context, f *fault) {
	k, a := kindOf(f.Kind), &act{ctx, r, f}
	err := k.begin(a)
	if k.end != nil {
		if f.Kill > 0 {
			blackbox.Sleep(ctx, f.Kill)
			r.collector.kill()
		}
		blackbox.Sleep(ctx, f.For-f.Kill)
		err = errors.Join(err, k.end(a))
	}
	if err != nil {
		r.wrong(f.Kind + ": " + err.Error())
	}
}

func (a *act) startEngine() error {
	if err := blackbox.Await(a.ctx, time.Minute, func() error { return a.engine.start(a.ctx) }); err != nil {
		return fmt.Errorf("ClickHouse does not start again: %w", err)
	}
	return a.lift()
}

// replaceDisk ends whoever uses a disk and mounts it again.
func (a *act) replaceDisk() error {
	if a.What == clickHouse {
		a.engine.kill()
		return errors.Join(a.disks.replace(a.ctx, a.What), a.startEngine())
	}
	a.collector.want(false)
	a.collector.kill()
	defer a.collector.want(true)
	return a.disks.replace(a.ctx, a.What)
}

// cutPower ends everything at once; what no disk has, is gone.
func (a *act) cutPower() (err error) {
	a.collector.want(false)
	a.collector.signal(syscall.SIGSTOP)
	a.engine.signal(syscall.SIGSTOP)
	for _, name := range diskNames {
		err = errors.Join(err, a.disks.shut(name))
	}
	a.collector.kill()
	a.engine.kill()
	for _, name := range diskNames {
		err = errors.Join(err, a.disks.replace(a.ctx, name))
	}
	return err
}

func (a *act) restorePower() error {
	defer a.collector.want(true)
	return a.startEngine()
}

func (a *act) stopRefusing() error {
	a.lifted = append(a.lifted, a.What)
	return a.lift()
}

// lift ends what was refused. ClickHouse does not sync that, so a power cut may begin it again.
func (a *act) lift() (err error) {
	const usual = 3000
	for _, table := range a.lifted {
		err = errors.Join(err, a.maxParts(table, usual))
	}
	return err
}

// maxParts lets ClickHouse refuse inserts into a table that has so many parts.
func (a *act) maxParts(table string, n int) error {
	return blackbox.Await(a.ctx, time.Minute, func() error {
		return a.engine.exec(a.ctx, fmt.Sprintf("ALTER TABLE provtrail.%s MODIFY SETTING parts_to_throw_insert = %d", table, n))
	})
}

// startSecond starts another collector over the same folders while the first one runs.
func (a *act) startSecond() error {
	if err := a.collector.healthy(a.ctx); err != nil {
		return err
	}
	output, err := a.collector.second(a.ctx)
	if err == nil && !strings.Contains(output, "another process") {
		err = fmt.Errorf("the second collector does not name the cause: %s", output)
	}
	return err
}

// wrong notes that something behaved as it must not.
func (r *run) wrong(what string) {
	r.verdict.note("run", []blackbox.Difference{{ID: what, Kind: blackbox.Wrong}})
}
