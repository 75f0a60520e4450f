package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

// engine is a ClickHouse of its own process.
type engine struct {
	of     *clickhouse.Engine
	native string // address
	db     *sql.DB

	mu      sync.Mutex // guards everything below
	process *clickhouse.Process
	wanted  bool // it is to run
	kills   int
	own     int // ends of its own: it aborts when a client is killed while it logs in
}

// run starts ClickHouse again when it ends by itself, as the clickhouse_embedded
// extension does, until ctx ends.
func (e *engine) run(ctx context.Context) {
	for ctx.Err() == nil {
		e.mu.Lock()
		ended := false
		if e.process != nil {
			select {
			case <-e.process.Done():
				e.process, ended = nil, true
				e.own++
			default:
			}
		}
		e.mu.Unlock()
		if ended {
			_ = await(ctx, time.Minute, func() error { return e.keep(ctx) })
		}
		sleep(ctx, 50*time.Millisecond)
	}
}

func openEngine(ctx context.Context, dir, native, http string) (*engine, error) {
	cfg := clickhouse.DefaultConfig()
	cfg.Unrestricted, cfg.Readable = true, []string{filepath.Dir(dir)} // the archive is beside it
	cfg.Directory, cfg.NativeEndpoint, cfg.HTTPEndpoint = dir, native, http
	cfg.Database, cfg.LogLevel, cfg.MemoryLimitMiB = "provtrail", "fatal", 4<<10
	of, err := clickhouse.Open(ctx, cfg, zap.NewNop())
	if err != nil {
		return nil, err
	}
	options, err := driver.ParseDSN("clickhouse://default@" + native + "/provtrail")
	if err != nil {
		return nil, err
	}
	return &engine{of: of, native: native, db: driver.OpenDB(options)}, nil
}

func (e *engine) start(ctx context.Context) error {
	e.mu.Lock()
	e.wanted = true
	e.mu.Unlock()
	return e.keep(ctx)
}

// keep starts ClickHouse if it is wanted and not there.
func (e *engine) keep(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process != nil || !e.wanted {
		return nil
	}
	process, err := e.of.Start(ctx)
	if err == nil {
		e.process = process
	}
	return err
}

// kill ends it as a power cut would, if it runs.
func (e *engine) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wanted = false
	if e.process != nil {
		e.process.Kill()
		e.process = nil
		e.kills++
	}
}

func (e *engine) signal(s syscall.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process != nil {
		_ = syscall.Kill(e.process.Pid(), s) // it may have ended
	}
}

func (e *engine) close(ctx context.Context) {
	_ = e.db.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process != nil {
		_ = e.process.Stop(ctx)
		e.process = nil
	}
	_ = e.of.Close()
}

func (e *engine) exec(ctx context.Context, statement string) error {
	_, err := e.db.ExecContext(ctx, statement)
	return err
}

func (e *engine) query(ctx context.Context, query string) ([][]string, error) {
	return blackbox.Query(ctx, e.db, query)
}
