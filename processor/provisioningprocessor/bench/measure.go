package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

type options struct {
	groups, events, batch, cacheMiB int
	memory                          bool
	directory                       string
}

// measure fills the processor with open groups and then feeds it events, whose
// making is not measured.
func measure(ctx context.Context, o options) (result, error) {
	r := result{groups: o.groups}
	p, err := start(ctx, o)
	if err != nil {
		return r, err
	}
	l := &load{random: rand.New(rand.NewPCG(1, 2)), at: pcommon.NewTimestampFromTime(time.Now().Add(-time.Hour))}
	began := time.Now()
	for filled := 0; filled < o.groups; filled += o.batch {
		if err := p.ConsumeLogs(ctx, l.batch(min(o.batch, o.groups-filled), true)); err != nil {
			return r, err
		}
	}
	r.fill = time.Since(began)

	var cpu, elapsed time.Duration
	var allocations uint64
	const ahead = 10 // batches made at once, before they are measured
	for done := 0; done < o.events; {
		var made []plog.Logs
		for range ahead {
			made = append(made, l.batch(o.batch, false))
		}
		runtime.GC()
		before, from, at := mallocs(), cpuTime(), time.Now()
		for _, logs := range made {
			if err := p.ConsumeLogs(ctx, logs); err != nil {
				return r, err
			}
			done += o.batch
		}
		elapsed += time.Since(at)
		cpu += cpuTime() - from
		allocations += mallocs() - before
	}
	events := float64((o.events + o.batch*ahead - 1) / (o.batch * ahead) * (o.batch * ahead))
	r.eventsPerCPUSecond = events / cpu.Seconds()
	r.eventsPerSecond = events / elapsed.Seconds()
	r.allocations = float64(allocations) / events
	r.residentMiB = resident()
	if err := p.Shutdown(ctx); err != nil {
		return r, err
	}
	r.storeMiB = size(o.directory)
	r.bytesPerGroup = r.storeMiB * (1 << 20) / float64(o.groups)

	began = time.Now()
	p, err = start(ctx, o)
	if err != nil {
		return r, err
	}
	r.open = time.Since(began)
	return r, p.Shutdown(ctx)
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is what all threads have used, the kernel's work for them included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for wrong arguments only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of the process in MiB, 0 where /proc does not say.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}

// size is that of a directory's files in MiB.
func size(directory string) float64 {
	var bytes int64
	_ = filepath.WalkDir(directory, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return float64(bytes) / (1 << 20)
}
