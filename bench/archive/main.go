// Program archive measures the archive: writing, sealing, verifying and reporting,
// each against DuckDB with the same rows in the same run. It is a module of its own
// so that users of the collector do not carry DuckDB.
package main

import (
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
)

func main() {
	days := flag.Int("days", 2, "simulated days whose documents are the rows")
	times := flag.Int("times", 4, "how often they are written, each time as groups of their own")
	profile := flag.String("cpuprofile", "", "file for a profile of the writing and sealing")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "provtrail-bench-")
	if err == nil {
		err = run(context.Background(), dir, *days, *times)
	}
	if removeErr := os.RemoveAll(dir); err == nil {
		err = removeErr
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run works on one processor, so that every figure is one of a core.
func run(ctx context.Context, dir string, days, times int) error {
	runtime.GOMAXPROCS(1)
	now := time.Now().UTC().Truncate(time.Hour)
	all, err := archivetest.Simulated(ctx, filepath.Join(dir, "sim"), days, now)
	if err != nil {
		return err
	}
	set := rows(all)
	root := filepath.Join(dir, "archive")
	keys, err := archive.CreateKey(root + ".pem")
	if err != nil {
		return err
	}
	clock := now.Add(time.Minute)
	a, err := archive.Open(ctx, root, archive.Options{Keys: keys, Now: func() time.Time { return clock }})
	if err != nil {
		return err
	}
	var rows int64
	var writing time.Duration
	raw := newRawText()
	before := clearPeak()
	for turn := range times {
		for batch := range set.batches(turn) {
			var w archive.Written
			took, err := timed(func() (err error) { w, err = a.Write(ctx, archive.Batch{Records: batch}); return err })
			if err != nil {
				return err
			}
			writing += took
			rows += int64(w.Rows)
			if err := raw.add(batch); err != nil {
				return err
			}
		}
	}
	fmt.Printf("BENCH archive_rows %d rows\n", rows)
	fmt.Printf("BENCH archive_write_memory %.0f MB\n", peak()-before)
	fmt.Printf("BENCH archive_events_per_second_per_core %.0f events/s\n", float64(rows)/writing.Seconds())

	clock = now.Add(2 * time.Hour)
	before = clearPeak()
	sealing, err := timed(func() error { _, err := a.SealDue(ctx); return err })
	if err != nil {
		return err
	}
	pprof.StopCPUProfile()
	if err := a.Close(); err != nil { //nolint:contextcheck // has a time limit of its own
		return err
	}
	files, err := archive.Files(ctx, root)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, f := range files {
		size += f.Size
	}
	fmt.Printf("BENCH archive_seal_memory %.0f MB\n", peak()-before)
	fmt.Printf("BENCH archive_seal_events_per_second_per_core %.0f events/s\n", float64(rows)/sealing.Seconds())
	fmt.Printf("BENCH archive_bytes_per_event %.1f bytes\n", float64(size)/float64(rows))
	if err := raw.compare(size, rows); err != nil {
		return err
	}

	public := keys[0].Public().(ed25519.PublicKey)
	var found *archive.Verification
	verifying, err := timed(func() (err error) {
		found, err = archive.Verify(ctx, root, archive.VerifyOptions{Keys: []ed25519.PublicKey{public}})
		return err
	})
	if err != nil {
		return err
	}
	if !found.OK() || found.Rows != rows {
		return fmt.Errorf("the archive of %d rows does not verify: %+v", rows, found)
	}
	fmt.Printf("BENCH archive_verify_speed_per_core %.0f MB/s\n", float64(size)/1e6/verifying.Seconds())
	return against(ctx, dir, root, rows, writing, now)
}

// timed returns the processor time that f took: on a machine that does other things
// as well, the wall clock shows nothing.
func timed(f func() error) (time.Duration, error) {
	start := processorTime()
	err := f()
	return processorTime() - start, err
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no other error than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
