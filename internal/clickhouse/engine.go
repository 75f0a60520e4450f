package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// Engine owns a data directory, the addresses to listen on and the program to run.
type Engine struct {
	cfg        Config
	program    Program
	configPath string
	lock       *os.File
	log        *zap.Logger
}

// Open finds the program, takes the data directory for this process and writes the
// engine's configuration. Nothing runs yet. It waits up to [Config.StartTimeout] for
// the engine of an earlier, killed process to leave the directory.
func Open(ctx context.Context, cfg Config, log *zap.Logger) (*Engine, error) {
	program, err := Find(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if cfg.Directory, err = filepath.Abs(cfg.Directory); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Directory, 0o700); err != nil {
		return nil, fmt.Errorf("create the ClickHouse data directory: %w", err)
	}
	lock, err := lockDirectory(ctx, cfg.Directory, cfg.StartTimeout, log)
	if err != nil {
		return nil, err
	}
	engine := &Engine{program: program, lock: lock, log: log.WithOptions(zap.AddStacktrace(zap.FatalLevel))} // the stack is ours, the errors are the engine's
	if err := engine.prepare(cfg); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return engine, nil
}

func (e *Engine) prepare(cfg Config) (err error) {
	if cfg.ConfigFile != "" {
		if cfg.ConfigFile, err = filepath.Abs(cfg.ConfigFile); err != nil {
			return err
		}
	}
	if cfg.NativeEndpoint, err = resolve(cfg.NativeEndpoint); err != nil {
		return err
	}
	if cfg.HTTPEndpoint, err = resolve(cfg.HTTPEndpoint); err != nil {
		return err
	}
	e.cfg = cfg
	if !cfg.confined() && !cfg.Unrestricted {
		e.log.Warn("This kernel cannot confine ClickHouse to its files (Landlock, Linux 5.19 or newer is needed): user default cannot log in; log in as "+WriterUser,
			zap.String("password_file", filepath.Join(cfg.Directory, PasswordFile)))
	}
	password, err := ensurePassword(cfg.Directory)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(e.storePath(), 0o700); err != nil {
		return fmt.Errorf("create the ClickHouse data directory: %w", err)
	}
	e.configPath, err = writeConfig(filepath.Join(cfg.Directory, "etc"), cfg, password)
	return err
}

// NativeAddr is the address for clients of the native protocol.
func (e *Engine) NativeAddr() string { return reachable(e.cfg.NativeEndpoint) }

// HTTPAddr is the address for clients of the HTTP interface.
func (e *Engine) HTTPAddr() string { return reachable(e.cfg.HTTPEndpoint) }

// Program is what runs.
func (e *Engine) Program() Program { return e.program }

// Close gives the data directory up. Stop the process first.
func (e *Engine) Close() error { return e.lock.Close() }

func (e *Engine) child() *child {
	c := &child{
		Program: e.program, StopTimeout: e.cfg.StopTimeout, Confine: e.cfg.confined(),
		Readable: append([]string{filepath.Dir(e.configPath)}, e.cfg.Readable...), Writable: []string{e.storePath()},
	}
	if e.cfg.ConfigFile != "" {
		c.Readable = append(c.Readable, filepath.Dir(e.cfg.ConfigFile))
	}
	return c
}

func (e *Engine) storePath() string { return filepath.Join(e.cfg.Directory, "store") }

func (e *Engine) args() []string {
	host, nativePort, _ := net.SplitHostPort(e.cfg.NativeEndpoint)
	_, httpPort, _ := net.SplitHostPort(e.cfg.HTTPEndpoint)
	query := "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP"
	if e.cfg.Database != "" {
		query = "CREATE DATABASE IF NOT EXISTS `" + e.cfg.Database + "`; " + query
	}
	return []string{
		"--config-file=" + e.configPath,
		"--path=" + e.storePath(),
		"--listen_host=" + host,
		"--tcp_port=" + nativePort,
		"--http_port=" + httpPort,
		// For this session only: users.xml makes default read-only for everybody else.
		"--readonly=0",
		// How long a client may take for a handshake, in seconds. The profiles in users.xml
		// set the timeout of a connection that has logged in.
		"--receive_timeout=10",
		"--multiquery", "--query=" + query,
		// See openTerminal. After the query it reads the terminal, so the server lives until
		// that is closed.
		"--interactive", "--disable_suggestion", "--progress=off", "--progress-table=off",
	}
}
