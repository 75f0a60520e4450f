// Command bench measures a backfill: how much of the vendor's limit of requests the
// receiver uses while it reads the past, and how much memory it takes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver"
)

const (
	days  = 60
	limit = 600 // requests a minute: the vendor's 100 in 10 s
)

func main() {
	activities := flag.Int("activities", 100_000, "account activities in the vendor's 60 days")
	most := flag.Duration("for", time.Hour, "how long at most")
	parallel := flag.Int("parallel", 4, "windows read at the same time, per feed")
	latency := flag.Duration("latency", 200*time.Millisecond, "what the vendor takes for each answer besides")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *activities, *most, *parallel, *latency)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, activities int, most time.Duration, parallel int, latency time.Duration) error {
	dir, err := os.MkdirTemp("", "provtrail-backfill-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	program, err := blackbox.Build(root, dir)
	if err != nil {
		return err
	}
	ports, err := blackbox.FreePorts(1)
	if err != nil {
		return err
	}
	vendor, err := blackbox.Start(program, root, filepath.Join(dir, "vendor.log"), nil, "simulate", "--serve", "--listen", ports[0],
		"--days", strconv.Itoa(days), "--late", "0", "--groups-per-day", strconv.Itoa(activities/days), "--latency", latency.String())
	if err != nil {
		return err
	}
	defer vendor.Kill()
	// The history is made at the first request.
	if err := blackbox.Await(ctx, 10*time.Minute, func() error { _, err := requests(ctx, ports[0]); return err }); err != nil {
		return err
	}
	received, stopped, err := start(ctx, ports[0], parallel)
	if err != nil {
		return err
	}
	defer stopped()
	return measure(ctx, ports[0], received, most)
}

// start starts the receiver with all polling feeds and a consumer that only counts.
func start(ctx context.Context, address string, parallel int) (*atomic.Int64, func(), error) {
	factory := provisioningreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	feed := map[string]any{"parallel": parallel}
	if err := confmap.NewFromStringMap(map[string]any{
		"api":  map[string]any{"endpoint": "http://" + address, "client_id": "bench", "client_secret": "secret"},
		"rest": feed, "search": feed, "events": feed,
	}).Unmarshal(cfg); err != nil {
		return nil, nil, err
	}
	var received atomic.Int64
	next, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		received.Add(int64(logs.LogRecordCount()))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	r, err := factory.CreateLogs(ctx, receivertest.NewNopSettings(factory.Type()), cfg, next)
	if err != nil {
		return nil, nil, err
	}
	stop := func() { _ = r.Shutdown(context.WithoutCancel(ctx)) }
	return &received, stop, r.Start(ctx, componenttest.NewNopHost())
}

// measure prints a line a minute until nothing new comes.
func measure(ctx context.Context, address string, received *atomic.Int64, most time.Duration) error {
	fmt.Println("| minute | requests | of the limit | observations | resident |\n|---|---|---|---|---|")
	begun := time.Now()
	var used []float64
	var memory []int
	before, err := requests(ctx, address)
	if err != nil {
		return err
	}
	records := int64(0)
	for minute := 1; time.Since(begun) < most; minute++ {
		news, quiet := received.Load(), 0
		for end := begun.Add(time.Duration(minute) * time.Minute); time.Now().Before(end) && quiet < 20; {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(time.Second):
			}
			if now := received.Load(); now == news {
				quiet++
			} else {
				news, quiet = now, 0
			}
		}
		if quiet >= 20 {
			break // it has caught up: this minute is not one of the backfill
		}
		after, err := requests(ctx, address)
		if err != nil {
			return err
		}
		used, memory = append(used, float64(after-before)/limit), append(memory, resident())
		fmt.Printf("| %d | %d | %.1f %% | %d | %d MiB |\n", minute, after-before, 100*used[minute-1], received.Load()-records, memory[minute-1])
		before, records = after, received.Load()
	}
	if len(used) == 0 {
		return errors.New("the backfill took less than a minute: raise -activities")
	}
	sum, peak := 0.0, 0
	for i := range used {
		sum += used[i]
		peak = max(peak, memory[i])
	}
	fmt.Printf("BENCH backfill_request_rate_used %.3f ratio\n", sum/float64(len(used)))
	fmt.Printf("BENCH backfill_observations_per_second %.0f 1/s\n", float64(records)/(float64(len(used))*60))
	fmt.Printf("BENCH backfill_resident_peak %d MiB\n", peak)
	return nil
}

// requests is how many requests the vendor has had.
func requests(ctx context.Context, address string) (int, error) {
	_, text, err := blackbox.Get(ctx, "http://"+address+"/_control/stats")
	if err != nil {
		return 0, err
	}
	var stats map[string]int
	err = json.Unmarshal([]byte(text), &stats)
	return stats["requests"], err
}

// resident is the memory of this process in MiB, 0 where the system does not say.
func resident() int {
	memory, err := (&process.Process{Pid: int32(os.Getpid())}).MemoryInfo()
	if err != nil {
		return 0
	}
	return int(memory.RSS >> 20)
}
