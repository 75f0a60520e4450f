package clickhouse

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestPasswordIsKeptAndItsOwners(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, PasswordFile)
	first, err := ensurePassword(dir)
	require.NoError(t, err)
	assert.Len(t, first, 52)
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode()
	}
	assert.EqualValues(t, 0o600, mode())
	f := func(prepare func(), same bool) {
		t.Helper()
		prepare()
		got, err := ensurePassword(dir)
		require.NoError(t, err)
		assert.Equal(t, same, got == first)
		read, err := ReadPassword(dir)
		require.NoError(t, err)
		assert.Equal(t, got, read)
		assert.EqualValues(t, 0o600, mode())
		first = got
	}
	f(func() {}, true)
	f(func() { require.NoError(t, os.Chmod(path, 0o640)) }, false)
	f(func() { require.NoError(t, os.Chmod(path, 0o604)) }, false)
	f(func() { require.NoError(t, os.Truncate(path, 0)) }, false)
	f(func() {
		require.NoError(t, os.Rename(path, path+".elsewhere"))
		require.NoError(t, os.Symlink(path+".elsewhere", path))
	}, false)
	f(func() { require.NoError(t, os.WriteFile(path+".next", []byte("half"), 0o644)) }, true)
}

func TestPasswordIsNowhereElse(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	cfg := DefaultConfig()
	cfg.Directory, cfg.LogLevel = t.TempDir(), "trace"
	cfg.NativeEndpoint, cfg.HTTPEndpoint = "127.0.0.1:0", "127.0.0.1:0"
	engine := open(t, cfg, zap.New(core))
	process := start(t, engine)
	password, err := ReadPassword(cfg.Directory)
	require.NoError(t, err)

	login := func(user, password string) error {
		conn, err := driver.Open(&driver.Options{Addr: []string{engine.NativeAddr()}, Auth: driver.Auth{Username: user, Password: password}})
		require.NoError(t, err)
		defer conn.Close()
		return conn.Ping(t.Context())
	}
	require.NoError(t, login(WriterUser, password))
	for user, wrong := range map[string]string{WriterUser: "x", "nobody": password, "default": password} {
		assert.ErrorContains(t, login(user, wrong), "Authentication failed", user)
		_, err := postHTTP(t, engine, "SELECT 1", url.Values{"user": {user}, "password": {wrong}})
		assert.ErrorContains(t, err, "Authentication failed", user)
	}
	assert.ErrorContains(t, login(WriterUser, ""), "Authentication failed")
	answer, err := postHTTP(t, engine, "SELECT currentUser()", url.Values{"user": {WriterUser}, "password": {password}})
	require.NoError(t, err)
	assert.Equal(t, WriterUser, answer)

	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", process.Pid(), name))
		if os.IsNotExist(err) {
			break // a system without /proc
		}
		require.NoError(t, err)
		assert.NotContains(t, string(text), password, name)
	}
	require.NoError(t, process.Stop(t.Context()))
	for _, entry := range logs.All() {
		assert.NotContains(t, fmt.Sprint(entry.Message, entry.ContextMap()), password)
	}
	require.NoError(t, filepath.WalkDir(cfg.Directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == PasswordFile {
			return err
		}
		text, err := os.ReadFile(path)
		assert.NotContains(t, string(text), password, path)
		return err
	}))
}

// The engine's process gets none of the secrets in this one's environment.
func TestEnvironmentIsNotPassedOn(t *testing.T) {
	t.Setenv("PROVTRAIL_SAILPOINT_CLIENT_SECRET", "top-secret-7d1a")
	env, err := (&child{}).environment()
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(env, " "), "top-secret-7d1a")
}
