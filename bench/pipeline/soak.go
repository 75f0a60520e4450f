package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// sample is the collector at one moment of a soak.
type sample struct {
	at         time.Duration
	own        int64 // bytes of memory that is resident
	mapped     int64 // bytes of files that it has mapped, which the kernel may take back
	goroutines int
	files      int           // open descriptors
	rows       uint64        // observations that can be queried
	lag        time.Duration // since the newest of them was received
	cpu        time.Duration
}

const sampleEvery = 10 * time.Second

// soak runs provtrail on a simulated tenant's live traffic and reports how it grows.
func soak(ctx context.Context, address string, o options, dir string) (err error) {
	s := provtrail(o, input{})
	if err := os.MkdirAll(filepath.Join(dir, "input"), 0o750); err != nil {
		return err
	}
	db, err := driver.Open(&driver.Options{Addr: []string{address}})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Exec(ctx, "CREATE DATABASE soak"); err != nil {
		return err
	}
	c, err := s.start(ctx, address, dir, "soak")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	tenant := exec.Command(o.provtrail, "simulate", "--days", "0", "--live", "--rate", strconv.Itoa(o.rate), "--feeds", "search", "--out", filepath.Join(dir, "simulated"))
	if err := tenant.Start(); err != nil {
		return err
	}
	defer func() {
		_ = tenant.Process.Signal(syscall.SIGTERM)
		_ = tenant.Wait()
	}()
	samples, err := c.watch(ctx, db, o.soak)
	if len(samples) > 0 {
		soakReport(os.Stdout, samples)
	}
	return err
}

func (c *collector) watch(ctx context.Context, db driver.Conn, long time.Duration) ([]sample, error) {
	begin, ticks := time.Now(), time.NewTicker(sampleEvery)
	defer ticks.Stop()
	var samples []sample
	for time.Since(begin) < long {
		select {
		case <-ctx.Done():
			return samples, ctx.Err()
		case <-ticks.C:
		}
		now := sample{at: time.Since(begin), own: c.kilobytes("RssAnon:") << 10, mapped: c.kilobytes("RssFile:") << 10, goroutines: c.goroutines(ctx), files: c.files(), cpu: cpu(c.Pid)}
		var newest time.Time
		err := db.QueryRow(ctx, "SELECT count(), max(observed_at) FROM soak.provisioning_observations WHERE record_type = 'observation'").Scan(&now.rows, &newest)
		if err != nil {
			continue // not there before the first batch
		}
		now.lag = time.Since(newest)
		fmt.Fprintf(os.Stderr, "%s: %d observations, %d MiB of its own, %d MiB of mapped files, %d goroutines, %d open files, lag %s\n",
			now.at.Round(time.Second), now.rows, now.own>>20, now.mapped>>20, now.goroutines, now.files, now.lag.Round(10*time.Millisecond))
		samples = append(samples, now)
	}
	return samples, nil
}

func (c *collector) goroutines(ctx context.Context) int {
	_, after, _ := strings.Cut(string(c.debug(ctx, "goroutine?debug=1")), "goroutine profile: total ")
	n, _ := strconv.Atoi(strings.Fields(after + " 0")[0])
	return n
}

func (c *collector) files() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Pid))
	return len(entries)
}

// soakReport compares the quarters of the time, so that growth shows.
func soakReport(out io.Writer, samples []sample) {
	first, last := samples[0], samples[len(samples)-1]
	seconds := (last.at - first.at).Seconds()
	_, _ = fmt.Fprintf(out, "%.0f observations/s for %s, %.2f CPUs used by the collector.\n\n", float64(last.rows-first.rows)/seconds,
		last.at.Round(time.Second), (last.cpu-first.cpu).Seconds()/seconds)
	_, _ = fmt.Fprintln(out, "| quarter | memory of its own, MiB, mean (most) | mapped files, MiB, mean (most) | goroutines, mean (most) | open files, mean (most) | lag, s, mean (most) |\n|---|---|---|---|---|---|")
	for q := range 4 {
		part := samples[q*len(samples)/4 : (q+1)*len(samples)/4]
		column := func(value func(sample) float64) string {
			sum, most := 0.0, 0.0
			for _, s := range part {
				sum, most = sum+value(s), max(most, value(s))
			}
			return fmt.Sprintf("%.1f (%.1f)", sum/float64(max(len(part), 1)), most)
		}
		_, _ = fmt.Fprintf(out, "| %d | %s | %s | %s | %s | %s |\n", q+1, column(func(s sample) float64 { return float64(s.own >> 20) }),
			column(func(s sample) float64 { return float64(s.mapped >> 20) }), column(func(s sample) float64 { return float64(s.goroutines) }), column(func(s sample) float64 { return float64(s.files) }),
			column(func(s sample) float64 { return s.lag.Seconds() }))
	}
}
