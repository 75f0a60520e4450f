// Command pipeline measures whole collectors on the same file of the vendor's search
// documents, in one run and into one real ClickHouse: provtrail with its default
// configuration (ClickHouse and Parquet, durable queues, correlation), and the contrib
// collector with filelog, transform, clickhouse and file exporters.
//
// CPU time is that of the processes, so that what else runs on the machine changes the
// figures little: the collector's own, and what the user pays, ClickHouse's included until
// its merges are done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clickhouse"
)

type options struct {
	shapes             []shape
	documents, rounds  int
	provtrail, contrib string
	soak               time.Duration
	rate               int
	profiles           string
}

func main() {
	clickhouse.RunChildIfAsked()
	o := options{shapes: shapes}
	flag.IntVar(&o.documents, "documents", 120_000, "search documents of each shape to send through each collector; with few, the seconds until the last batch is sent weigh most")
	flag.Func("shape", "`name` of the only shape of documents (default: "+strings.Join(shapeNames(), ", then ")+")", o.only)
	flag.IntVar(&o.rounds, "rounds", 3, "how often each collector is measured")
	flag.StringVar(&o.provtrail, "provtrail", "bin/provtrail", "program")
	flag.StringVar(&o.contrib, "contrib", "bin/contrib", "program built from bench/pipeline/contrib-builder.yaml; empty to leave it out")
	flag.DurationVar(&o.soak, "soak", 0, "instead of comparing, run provtrail for so long on live traffic and report how it grows")
	flag.IntVar(&o.rate, "rate", 340, "with -soak: groups a second; a group has about 15 observations")
	flag.StringVar(&o.profiles, "profiles", "", "folder for provtrail's CPU and allocation profiles of each round; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-pipeline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "bench-pipeline")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := clickhouse.DefaultConfig()
	cfg.Unrestricted = true
	cfg.NativeEndpoint, cfg.HTTPEndpoint = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Directory, cfg.LogLevel = filepath.Join(dir, "clickhouse"), "fatal"
	engine, err := clickhouse.Open(ctx, cfg, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	server, err := engine.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()

	if o.soak > 0 {
		return soak(ctx, engine.NativeAddr(), o, filepath.Join(dir, "soak"))
	}
	return compare(ctx, target{engine.NativeAddr(), server.Pid()}, o, dir)
}

func compare(ctx context.Context, server target, o options, dir string) error {
	for _, s := range o.shapes {
		in, err := makeInput(ctx, o, s, dir)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d documents of %d bytes, %d observations\n", s.name, in.documents, in.bytes/int64(in.documents), in.observations)
		all, err := rounds(ctx, server, o, in, filepath.Join(dir, s.name))
		if err != nil {
			return err
		}
		if err := report(os.Stdout, in, all); err != nil {
			return err
		}
	}
	return nil
}

func rounds(ctx context.Context, server target, o options, in input, dir string) (all []measurement, err error) {
	subjects := []subject{provtrail(o, in)}
	if o.contrib != "" {
		subjects = append(subjects, contrib(o.contrib, in))
	}
	for round := range o.rounds {
		for i := range subjects {
			m, err := subjects[i].measure(ctx, server, in, filepath.Join(dir, fmt.Sprintf("%s-%d", subjects[i].name, round)), round)
			if err != nil {
				return nil, fmt.Errorf("%s, %s, round %d: %w", in.shape.name, subjects[i].name, round+1, err)
			}
			fmt.Fprintln(os.Stderr, m)
			all = append(all, m)
		}
	}
	return all, nil
}
