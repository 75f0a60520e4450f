// Package demo is provtrail's first run: a simulated tenant, the default pipeline
// and a look at what came out, with nothing to prepare and nothing left behind.
package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/provtrail/provtrail/internal/simulate"
)

// Options are the settings of a demo.
type Options struct {
	Config  string           // the collector's configuration file
	Tenant  simulate.Options // the simulated tenant; its folders are set here
	Timeout time.Duration    // bound on the time until the tables stand
	Out     io.Writer
}

const stopBound = 45 * time.Second

// Run starts everything, shows it, and runs until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	// A child started from this thread ends with it: see endWithParent.
	runtime.LockOSThread()

	if err := o.Tenant.Validate(); err != nil {
		return err
	}
	where, err := readAddresses(ctx, o.Config)
	if err != nil {
		return fmt.Errorf("read %s: %w", o.Config, err)
	}
	if err := where.free(ctx); err != nil {
		return err
	}
	log := filepath.Join(where.data, "collector.log")
	printf(o.Out, "Starting ClickHouse and the pipeline (log: %s)", log)
	collector, err := start(log, "--config", o.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, collector.stop(stopBound)) }()

	db, err := connect(where)
	if err != nil {
		return err
	}
	defer db.Close()

	tenant := o.Tenant
	tenant.Out = where.simulated
	tenant.PastWritten = func() error {
		if err := catchUp(ctx, o, collector, db, &tenant); err != nil {
			return err
		}
		if err := show(ctx, o.Out, db, where, &tenant); err != nil {
			return err
		}
		if tenant.Live {
			printf(o.Out, "\nLive traffic goes on. Ctrl-C stops everything and leaves nothing running.")
		}
		return nil
	}
	if again(&tenant) {
		printf(o.Out, "The simulated tenant is there already, in %s: only live traffic is added", tenant.Out)
	} else {
		printf(o.Out, "Simulating a tenant from %s on, into %s", tenant.From.Format(time.DateTime), tenant.Out)
	}
	err = play(ctx, tenant, collector)
	printf(o.Out, "\nStopping; the data stays in %s", where.data)
	return err
}

// again makes a second run go on with what the first one left.
func again(tenant *simulate.Options) bool {
	entries, err := os.ReadDir(tenant.Truth())
	if err != nil || len(entries) == 0 {
		return false
	}
	tenant.Append, tenant.From = true, tenant.To
	return true
}

// play runs the tenant until ctx ends or the collector does.
func play(ctx context.Context, tenant simulate.Options, collector *process) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-collector.exited:
			cancel(collector.failed("the collector"))
		case <-ctx.Done():
		}
	}()
	_, err := simulate.Run(ctx, tenant)
	if cause := context.Cause(ctx); err == nil || errors.Is(err, context.Canceled) {
		if errors.Is(cause, context.Canceled) {
			return nil
		}
		return cause
	}
	return err
}

func connect(where addresses) (*sql.DB, error) {
	options, err := clickhouse.ParseDSN("clickhouse://default@" + where.native + "/" + where.database)
	if err != nil {
		return nil, fmt.Errorf("address of ClickHouse: %w", err)
	}
	return clickhouse.OpenDB(options), nil
}

func printf(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
