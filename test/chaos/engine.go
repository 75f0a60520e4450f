package main

import (
	"context"
	"database/sql"
	"path/filepath"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

// engine is a ClickHouse of its own process, which starts again when it ends by itself, as in
// the clickhouse_embedded extension: it aborts when a client is killed while it logs in.
type engine struct {
	kept[*clickhouse.Process]

	of     *clickhouse.Engine
	native string // address
	db     *sql.DB
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
	e := &engine{of: of, native: native, db: driver.OpenDB(options)}
	e.begin = func(ctx context.Context) (*clickhouse.Process, int, error) {
		p, err := of.Start(ctx)
		if err != nil {
			return nil, 0, err
		}
		return p, p.Pid(), nil
	}
	return e, nil
}

func (e *engine) start(ctx context.Context) error {
	e.want(true)
	return e.keep(ctx)
}

// kill ends it until it is started.
func (e *engine) kill() {
	e.want(false)
	e.kept.kill()
}

func (e *engine) close(ctx context.Context) {
	_ = e.db.Close()
	if p, found := e.take(); found {
		_ = p.Stop(ctx)
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
