package clickhouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
)

// fakeBinary is a clickhouse executable that prints version and otherwise runs the real
// engine from the library, so that everything around the binary is tested for real.
func fakeBinary(t *testing.T, version, library string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "clickhouse")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `#!/bin/sh
[ "$1" = local ] || exit 9
shift
[ "$1" = --version ] && { echo "ClickHouse local version %s (official build)."; exit 0; }
%s='{"Program": {"Library": "%s"}, "StopTimeout": 30000000000}' exec '%s' "$@"
`, version, childEnv, library, self), 0o700))
	return path
}

func installed(t *testing.T) string {
	t.Helper()
	t.Setenv("PATH", "/usr/bin:/bin")
	program, err := Find(t.Context(), Config{}, zap.NewNop())
	require.NoError(t, err, "run make setup")
	require.NotEmpty(t, program.Library)
	return program.Library
}

func TestFindOrder(t *testing.T) {
	library := installed(t)
	recent := fakeBinary(t, "26.7.2.1", library)
	old := fakeBinary(t, "25.12.1.8", library)
	other := writeFile(t, "libchdb.so", "")

	f := func(cfg Config, path, env string, want Program) {
		t.Helper()
		t.Setenv("PATH", path+":/usr/bin:/bin")
		t.Setenv(LibraryEnv, env)
		got, err := Find(t.Context(), cfg, zaptest.NewLogger(t))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	f(Config{Binary: recent}, "/nowhere", other, Program{Binary: recent})
	f(Config{Library: other}, filepath.Dir(recent), "", Program{Library: other})
	f(Config{}, filepath.Dir(recent), other, Program{Binary: recent})
	f(Config{}, filepath.Dir(old), other, Program{Library: other})
	f(Config{}, filepath.Dir(old), "", Program{Library: library})
}

func TestNothingFound(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PATH", "/nowhere")
	_, err := Find(t.Context(), Config{}, zaptest.NewLogger(t))
	require.ErrorIs(t, err, ErrNotFound)
	assert.ErrorContains(t, err, "make setup")
	assert.ErrorContains(t, err, MinVersion)
}

func TestConfiguredProgramIsNotReplaced(t *testing.T) {
	f := func(cfg Config, env, want string) {
		t.Helper()
		t.Setenv(LibraryEnv, env)
		_, err := Find(t.Context(), cfg, zaptest.NewLogger(t))
		require.ErrorContains(t, err, want)
	}
	f(Config{Binary: "/nowhere/clickhouse"}, "", "the configured ClickHouse binary")
	f(Config{Binary: fakeBinary(t, "24.3.1", "")}, "", "too old")
	f(Config{Binary: "/bin/true"}, "", "did not tell its version")
	f(Config{Library: "/nowhere/libchdb.so"}, "", "the configured ClickHouse library")
	t.Setenv("PATH", "/nowhere")
	f(Config{}, "/nowhere/libchdb.so", LibraryEnv)
}

func TestBinaryIsRun(t *testing.T) {
	cfg := testConfig(t.TempDir())
	library := installed(t)
	cfg.Binary = fakeBinary(t, "26.9.1.1", library)
	self, err := os.Executable()
	require.NoError(t, err)
	cfg.Readable = []string{library, self}
	engine := open(t, cfg, zaptest.NewLogger(t))
	process := start(t, engine)
	assert.Equal(t, "1", queryHTTP(t, engine.HTTPAddr(), "SELECT 1"))
	require.NoError(t, process.Stop(context.Background()))
}

func TestNotALibrary(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.Library = writeFile(t, "libchdb.so", "not a library")
	_, err := open(t, cfg, zaptest.NewLogger(t)).Start(t.Context())
	require.ErrorContains(t, err, "load the ClickHouse library")
}
