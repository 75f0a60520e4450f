package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

func main() {
	clickhouse.RunChildIfAsked()
	ok, err := program(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func program(args []string) (ok bool, err error) {
	o, err := parse(args)
	if err != nil {
		return false, err
	}
	root, err := os.Getwd()
	if err != nil {
		return false, err
	}
	dir := o.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "provtrail-chaos-"); err != nil {
			return false, err
		}
	} else if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o750)
	}
	if err != nil {
		return false, err
	}
	binary, err := blackbox.Build(root, dir)
	if err != nil {
		return false, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if o.freshness {
		return true, measure(ctx, &o, binary, root, dir)
	}
	r, err := do(ctx, &o, binary, root, dir)
	if err != nil {
		return false, fmt.Errorf("seed %d, folder %s: %w", o.seed, dir, err)
	}
	r.report(os.Stdout)
	if r.sum() == 0 && o.dir == "" {
		err = os.RemoveAll(dir)
	}
	return r.sum() == 0, err
}

// report prints the run for people, and its last line for programs.
func (r *run) report(to *os.File) {
	out := func(format string, args ...any) { fmt.Fprintf(to, format+"\n", args...) }
	for _, d := range r.differences {
		out("%s", d)
	}
	if r.disks.why != "" {
		out("faults of disks were not run: no file systems could be mounted (%s)", r.disks.why)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.notRun)) {
		out("not run: %s, %d times", kind, r.notRun[kind])
	}
	if data, err := json.Marshal(r.result); err == nil {
		out("%s", data)
	}
	out("%s", r.row())
	if r.sum() > 0 {
		out("the run's folder: %s; again: SEED=%d DURATION=%s make chaos", r.dir, r.Seed, r.Duration)
	}
	out("CHAOS seed=%d faults=%d lost=%d doubled=%d wrong=%d", r.Seed, r.Faults, r.Lost, r.Doubled, r.Wrong)
}

// row is the run's row in the table of docs/reliability.md.
func (r *run) row() string {
	var did []string
	for _, kind := range slices.Sorted(maps.Keys(r.did)) {
		did = append(did, fmt.Sprintf("%s %d", kind, r.did[kind]))
	}
	return fmt.Sprintf("| %d | %s, %g days | %s | %d + %d | %d | %d | %d | %d | %d | %d | %d | %s |",
		r.Seed, r.Duration, r.o.days, strings.Join(did, ", "), r.Kills, r.Engine, r.Required, r.Observations, r.Activities,
		r.Unanswered, r.Lost, r.Doubled, r.Wrong, strconv.Itoa(runtime.NumCPU())+" CPUs")
}
