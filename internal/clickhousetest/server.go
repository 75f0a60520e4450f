package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/provtrail/provtrail/internal/clickhouse"
)

// Server is a running ClickHouse.
type Server struct {
	// Addr is host:port of the native protocol, URL the HTTP interface. User default has
	// no password. Both stay the same over [Server.Kill] and [Server.Restart].
	Addr string
	URL  string

	engine  *clickhouse.Engine
	process *clickhouse.Process
	folder  string // removed at the end
}

// Option changes what [StartOwn] starts.
type Option func(*clickhouse.Config)

// WithConfigFile merges an XML file over the server's configuration: users, clusters, macros.
func WithConfigFile(path string) Option {
	return func(cfg *clickhouse.Config) { cfg.ConfigFile = path }
}

// WithEndpoints fixes the addresses, for servers that must know each other's.
func WithEndpoints(native, http string) Option {
	return func(cfg *clickhouse.Config) { cfg.NativeEndpoint, cfg.HTTPEndpoint = native, http }
}

// WithFolder keeps the server's data in a folder of the test's, such as a small disk.
func WithFolder(path string) Option {
	return func(cfg *clickhouse.Config) { cfg.Directory = path }
}

// WithReadable lets the server read files below a folder.
func WithReadable(folder string) Option {
	return func(cfg *clickhouse.Config) { cfg.Readable = append(cfg.Readable, folder) }
}

// StartOwn starts a server for this test alone, which ends it. It may be killed.
func StartOwn(t testing.TB, options ...Option) *Server {
	t.Helper()
	var cfg clickhouse.Config
	for _, option := range options {
		option(&cfg)
	}
	server, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server
}

func open(ctx context.Context, changed clickhouse.Config) (*Server, error) {
	cfg := clickhouse.DefaultConfig()
	cfg.NativeEndpoint, cfg.HTTPEndpoint = "127.0.0.1:0", "127.0.0.1:0"
	if changed.NativeEndpoint != "" {
		cfg.NativeEndpoint, cfg.HTTPEndpoint = changed.NativeEndpoint, changed.HTTPEndpoint
	}
	cfg.ConfigFile, cfg.Readable = changed.ConfigFile, changed.Readable
	cfg.MemoryLimitMiB = 4 << 10
	cfg.Unrestricted, cfg.Database = true, ""
	// Queries that fail on purpose are many in tests; the server's last words are in errors.
	cfg.LogLevel = "fatal"

	folder, err := os.MkdirTemp(changed.Directory, "clickhousetest-")
	if err != nil {
		return nil, err
	}
	cfg.Directory = folder
	server := &Server{folder: folder}
	if err := server.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return server, nil
}

// start tries again where another process took a port between its choice and its use.
func (s *Server) start(ctx context.Context, cfg clickhouse.Config) (err error) {
	for range 5 {
		if s.engine, err = clickhouse.Open(ctx, cfg, logger()); err != nil {
			if errors.Is(err, clickhouse.ErrNotFound) {
				err = fmt.Errorf("this test needs ClickHouse: run `make setup`: %w", err)
			}
			return err
		}
		if s.process, err = s.engine.Start(ctx); err == nil {
			s.Addr, s.URL = s.engine.NativeAddr(), "http://"+s.engine.HTTPAddr()
			return nil
		}
		_ = s.engine.Close()
		if !errors.Is(err, clickhouse.ErrAddressInUse) && !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

func logger() *zap.Logger {
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.WarnLevel)
	return zap.New(core).Named("clickhouse")
}

// Kill ends the server as a crash does. Start it again with [Server.Restart].
func (s *Server) Kill() { s.process.Kill() }

// Stop ends the server cleanly. Start it again with [Server.Restart].
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a killed or stopped server again, on the same addresses and data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	<-s.process.Done()
	process, err := s.engine.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.process = process
}

func (s *Server) close(ctx context.Context) error {
	var stopped error
	select {
	case <-s.process.Done(): // killed by its test
	default:
		stopped = s.process.Stop(ctx)
	}
	return errors.Join(stopped, s.engine.Close(), os.RemoveAll(s.folder))
}

// Open connects to the server, to the given database, until the test ends.
func (s *Server) Open(t testing.TB, database string) driver.Conn {
	t.Helper()
	conn, err := driver.Open(&driver.Options{Addr: []string{s.Addr}, Auth: driver.Auth{Database: database}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
