package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
)

// LibraryEnv names a libchdb that `make setup` did not install.
const LibraryEnv = "PROVTRAIL_CLICKHOUSE_LIBRARY"

// libraryPattern is where npm puts the library for this platform.
const libraryPattern = "node_modules/@chdb/lib-*/libchdb.*"

// ErrNotFound is returned by [Find] when there is no ClickHouse to run.
var ErrNotFound = errors.New("no ClickHouse found")

// Find looks for an engine, in this order: the configured binary or library, clickhouse
// on PATH if it is recent enough, the library named by [LibraryEnv], and the library
// installed by `make setup`, searched in the working directory, in the executable's
// folder, and upwards from both.
func Find(ctx context.Context, cfg Config, log *zap.Logger) (Program, error) {
	if cfg.Binary != "" || cfg.Library != "" {
		return configured(ctx, cfg)
	}
	var tried []string
	if binary, err := exec.LookPath("clickhouse"); err != nil {
		tried = append(tried, "clickhouse on PATH: not there")
	} else if err := checkVersion(ctx, binary); err != nil {
		log.Info("The clickhouse on PATH cannot be used; looking for the library", zap.Error(err))
		tried = append(tried, "clickhouse on PATH: "+err.Error())
	} else {
		return Program{Binary: binary}, nil
	}
	if library := os.Getenv(LibraryEnv); library != "" {
		if _, err := os.Stat(library); err != nil {
			return Program{}, fmt.Errorf("the library named by %s: %w", LibraryEnv, err)
		}
		return Program{Library: library}, nil
	}
	for _, dir := range searchFolders() {
		if library := libraryAbove(dir); library != "" {
			return Program{Library: library}, nil
		}
		tried = append(tried, fmt.Sprintf("%s in %s and above: not there", libraryPattern, dir))
	}
	return Program{}, fmt.Errorf("%w: run `make setup` in provtrail's repository, or install ClickHouse %s or newer, "+
		"or name a binary or a libchdb in the configuration (looked for: %s)", ErrNotFound, MinVersion, strings.Join(tried, "; "))
}

func configured(ctx context.Context, cfg Config) (Program, error) {
	if cfg.Binary != "" {
		binary, err := exec.LookPath(cfg.Binary)
		if err != nil {
			return Program{}, fmt.Errorf("the configured ClickHouse binary: %w", err)
		}
		if binary, err = filepath.Abs(binary); err != nil {
			return Program{}, err
		}
		return Program{Binary: binary}, checkVersion(ctx, binary)
	}
	if _, err := os.Stat(cfg.Library); err != nil {
		return Program{}, fmt.Errorf("the configured ClickHouse library: %w", err)
	}
	library, err := filepath.Abs(cfg.Library) // a bare name would be looked up among the system's libraries
	return Program{Library: library}, err
}

func searchFolders() []string {
	var dirs []string
	if dir, err := os.Getwd(); err == nil {
		dirs = append(dirs, dir)
	}
	if self, err := os.Executable(); err == nil {
		if resolved, err := filepath.EvalSymlinks(self); err == nil {
			self = resolved
		}
		dirs = append(dirs, filepath.Dir(self))
	}
	return dirs
}

// libraryAbove walks up from dir as Node does.
func libraryAbove(dir string) string {
	for {
		if found, _ := filepath.Glob(filepath.Join(dir, libraryPattern)); len(found) > 0 {
			return found[0]
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
