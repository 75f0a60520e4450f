package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// fewFiles lets a process open hardly any file or connection more than it has, for a while.
func fewFiles(ctx context.Context, pid int, last time.Duration) error {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return err
	}
	var before unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		return err
	}
	few := before
	few.Cur = uint64(len(open) + 1)
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		return err
	}
	blackbox.Sleep(ctx, last)
	_ = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &before, nil) // it may have ended
	return nil
}

// shutFileSystem stops a file system as a power cut would, without writing its journal
// (include/uapi/linux/ext4.h: EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH).
func shutFileSystem(path string) error {
	const request, withoutJournal = 0x8004587d, 2
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(unix.IoctlSetPointerInt(int(dir.Fd()), request, withoutJournal), dir.Close())
}

// jumpClock sets the machine's clock ahead or back, for a while. It is everybody's clock.
func jumpClock(ctx context.Context, by, last time.Duration) error {
	begun := time.Now()
	set := func(to time.Time) error {
		at := unix.NsecToTimespec(to.UnixNano())
		return unix.ClockSettime(unix.CLOCK_REALTIME, &at)
	}
	if err := set(begun.Add(by)); err != nil {
		return err
	}
	blackbox.Sleep(ctx, last)
	return set(begun.Round(0).Add(time.Since(begun))) // by the clock that did not jump
}
