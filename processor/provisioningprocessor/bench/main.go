// Command bench measures the provisioning processor: events per second and core,
// allocations per event, memory and disk, with durable state, at growing
// numbers of open groups. `make bench-processor` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	sizes := flag.String("groups", "10000,100000,1000000", "numbers of open groups to measure at")
	memory := flag.Bool("memory", false, "keep the state in memory")
	events := flag.Int("events", 100_000, "events to measure at each size")
	batch := flag.Int("batch", 1000, "events in a batch")
	cache := flag.Int("cache", 64, "state::cache_size_mib")
	directory := flag.String("directory", "", "where the state is put (default: a temporary directory)")
	profile := flag.String("cpuprofile", "", "file for a CPU profile of what is measured at the last size")
	allocations := flag.String("memprofile", "", "file for a profile of all allocations")
	flag.Parse()
	if *allocations != "" {
		runtime.MemProfileRate = 4096
		defer writeAllocations(*allocations)
	}
	if *directory == "" {
		temporary, err := os.MkdirTemp("", "provtrail-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		*directory = temporary
	}
	fmt.Printf("%s, %d CPUs, state in memory: %t, %d events in batches of %d, cache %d MiB\n\n", runtime.Version(), runtime.NumCPU(), *memory, *events, *batch, *cache)

	var first, last result
	words := strings.Split(*sizes, ",")
	for i, word := range words {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("-groups: %w", err)
		}
		var stop func()
		if *profile != "" && i == len(words)-1 {
			if stop, err = cpuProfile(*profile); err != nil {
				return err
			}
		}
		r, err := measure(context.Background(), options{
			groups: n, events: *events, batch: *batch, cacheMiB: *cache, memory: *memory, directory: fmt.Sprintf("%s/%d", *directory, n),
		})
		if stop != nil {
			stop()
		}
		if err != nil {
			return err
		}
		r.print()
		if i == 0 {
			first = r
		}
		last = r
	}
	fmt.Printf("BENCH processor_events_per_second_per_core %.0f events/s\n", last.eventsPerCPUSecond)
	fmt.Printf("BENCH processor_allocations_per_event %.1f allocations\n", last.allocations)
	fmt.Printf("BENCH processor_bytes_per_open_group %.0f bytes\n", last.bytesPerGroup)
	fmt.Printf("BENCH processor_cost_ratio_vs_%d_groups %.2f ratio\n", first.groups, first.eventsPerCPUSecond/last.eventsPerCPUSecond)
	return nil
}

func cpuProfile(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

func writeAllocations(path string) {
	file, err := os.Create(path)
	if err == nil {
		err = errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// result is what was measured at one number of open groups.
type result struct {
	groups             int
	eventsPerCPUSecond float64
	eventsPerSecond    float64
	allocations        float64
	bytesPerGroup      float64
	residentMiB        float64
	storeMiB           float64
	fill               time.Duration
	open               time.Duration
}

func (r *result) print() {
	fmt.Printf("%9d open groups: %8.0f events/s per core, %8.0f events/s elapsed, %5.1f allocations/event\n"+
		"%23s %.0f MiB resident, %.0f MiB on disk (%.0f bytes for an open group)\n"+
		"%23s filled in %.1f s, ready after a restart in %.3f s\n",
		r.groups, r.eventsPerCPUSecond, r.eventsPerSecond, r.allocations,
		"", r.residentMiB, r.storeMiB, r.bytesPerGroup,
		"", r.fill.Seconds(), r.open.Seconds())
	name := fmt.Sprintf("_at_%d", r.groups)
	fmt.Printf("BENCH processor_events_per_second_per_core%s %.0f events/s\n", name, r.eventsPerCPUSecond)
	fmt.Printf("BENCH processor_allocations_per_event%s %.1f allocations\n", name, r.allocations)
	fmt.Printf("BENCH processor_bytes_per_open_group%s %.0f bytes\n", name, r.bytesPerGroup)
	fmt.Printf("BENCH processor_restart_seconds%s %.3f s\n\n", name, r.open.Seconds())
}
