// Program rest measures what the default pipeline costs while little happens: it runs
// provtrail with collector-config.yaml on a folder with many input files, adds documents
// at a fixed rate, and reads the processes' own counters.
//
// Linux only: the figures are those of /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	provtrail string
	config    string
	rates     []float64
	duration  time.Duration
	files     int
}

func main() {
	o := options{}
	var rates string
	flag.StringVar(&o.provtrail, "provtrail", "bin/provtrail", "program to measure")
	flag.StringVar(&o.config, "config", "collector-config.yaml", "its configuration")
	flag.StringVar(&rates, "rates", "0,1,10", "documents a second, one run each; a document makes four to six rows")
	flag.DurationVar(&o.duration, "duration", 10*time.Minute, "length of each run, after the start has settled")
	flag.IntVar(&o.files, "files", 700, "input files that lie there from the start")
	flag.Parse()
	for rate := range strings.SplitSeq(rates, ",") {
		r, err := strconv.ParseFloat(strings.TrimSpace(rate), 64)
		if err != nil || r < 0 {
			fmt.Fprintf(os.Stderr, "bench-rest: -rates %q: want numbers of documents a second, separated by commas\n", rates)
			os.Exit(2)
		}
		o.rates = append(o.rates, r)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-rest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	var err error
	if o.provtrail, err = filepath.Abs(o.provtrail); err != nil {
		return err
	}
	documents, err := simulated(ctx, o.provtrail)
	if err != nil {
		return err
	}
	fmt.Printf("%d input files, %s a run; CPU in percent of one core\n\n", o.files, o.duration)
	fmt.Println("| documents/s | rows/s | collector CPU | ClickHouse CPU | collector writes, bytes/s | times the rows' text | ClickHouse writes, bytes/s | syncs/s | rows merged per row | collector MiB | ClickHouse MiB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for _, rate := range o.rates {
		f, err := measure(ctx, o, rate, documents)
		if err != nil {
			return fmt.Errorf("at %g documents/s: %w", rate, err)
		}
		f.print(rate)
	}
	return nil
}

// measure runs the pipeline once.
func measure(ctx context.Context, o options, rate float64, documents []string) (f figures, err error) {
	dir, err := os.MkdirTemp("", "provtrail-rest-")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	src := &source{dir: filepath.Join(dir, "data", "input"), documents: documents}
	if err := src.fill(o.files); err != nil {
		return f, err
	}
	p, err := start(o, dir)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.settle(ctx, int64(src.written)); err != nil {
		return f, err
	}
	before, err := p.read(ctx)
	if err != nil {
		return f, err
	}
	bytes, err := src.play(ctx, rate, o.duration)
	if err != nil {
		return f, err
	}
	after, err := p.read(ctx)
	if err != nil {
		return f, err
	}
	return difference(before, after, bytes), nil
}
