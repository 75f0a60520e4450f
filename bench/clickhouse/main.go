// Command clickhouse compares three ways of storing records in ClickHouse: provtrail's
// exporter, contrib's clickhouseexporter, and clickhouse-go's column batches into
// provtrail's tables; all in one run and one real server.
//
// It is a module of its own to keep contrib's exporter out of the users' collector.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clickhouse"
)

func main() {
	clickhouse.RunChildIfAsked()
	var o options
	flag.IntVar(&o.events, "events", 200_000, "records to insert, at most")
	flag.IntVar(&o.batch, "batch", 10_000, "records of one insert")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each exporter is timed; the best counts")
	flag.BoolVar(&o.queries, "queries", false, "time the dashboards' queries instead of inserts")
	flag.IntVar(&o.observations, "observations", 10_000_000, "with -queries: observations to generate in the server")
	flag.BoolVar(&o.generate, "generate", true, "with -queries: generate first; without it, ask what an earlier run left in the server's folder")
	flag.BoolVar(&o.contrib, "contrib", true, "with -queries: ask contrib's table too")
	flag.StringVar(&o.dashboards, "dashboards", "../../dashboards", "with -queries: folder of the dashboards")
	flag.StringVar(&o.dir, "dir", "", "folder for the server's data, kept; without one, a temporary one")
	flag.StringVar(&o.address, "address", "", "native address of a server to use; without one, one is started")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench-clickhouse:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

type options struct {
	events, batch, rounds int
	address               string
	queries               bool
	generate, contrib     bool
	observations          int
	dashboards, dir       string
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "bench-clickhouse")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var measure func(address string) error
	if o.queries {
		measure = func(address string) error { return queries(ctx, address, o) }
	} else {
		load, err := makeLoad(ctx, dir, o)
		if err != nil {
			return fmt.Errorf("make the records: %w", err)
		}
		fmt.Printf("%d records, %.0f bytes of vendor's JSON each, %d an insert\n", load.records, load.jsonBytes(), o.batch)
		measure = func(address string) error { return compare(ctx, address, load, o) }
	}
	if o.address != "" {
		return measure(o.address)
	}
	if o.dir != "" {
		dir = o.dir
	}
	cfg := clickhouse.DefaultConfig()
	cfg.Unrestricted = true
	cfg.NativeEndpoint, cfg.HTTPEndpoint, cfg.Directory, cfg.LogLevel = "127.0.0.1:0", "127.0.0.1:0", dir+"/server", "none"
	engine, err := clickhouse.Open(ctx, cfg, zap.NewNop())
	if err != nil {
		return err
	}
	defer engine.Close()
	server, err := engine.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
	return measure(engine.NativeAddr())
}
