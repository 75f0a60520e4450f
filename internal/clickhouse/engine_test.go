package clickhouse

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"
)

func open(t *testing.T, cfg Config, log *zap.Logger) *Engine {
	t.Helper()
	engine, err := Open(t.Context(), cfg, log)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	return engine
}

func start(t *testing.T, engine *Engine) *Process {
	t.Helper()
	process, err := engine.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		select {
		case <-process.Done():
		default:
			assert.NoError(t, process.Stop(context.Background()))
		}
	})
	return process
}

func connect(t *testing.T, addr string) driver.Conn {
	t.Helper()
	conn, err := driver.Open(&driver.Options{Addr: []string{addr}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func queryHTTP(t *testing.T, addr, query string) string {
	t.Helper()
	res, err := http.Post("http://"+addr, "text/plain", strings.NewReader(query))
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	http.DefaultClient.CloseIdleConnections()
	return strings.TrimSpace(string(body))
}

// TestAnEmptyDefinitionIsRemoved: a full disk left the file of a view empty.
func TestAnEmptyDefinitionIsRemoved(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	cfg := testConfig(t.TempDir())
	engine := open(t, cfg, zap.New(core))
	process := start(t, engine)
	conn := connect(t, engine.NativeAddr())
	for _, statement := range []string{
		"CREATE DATABASE provtrail", "CREATE TABLE provtrail.t (id UInt64) ENGINE = MergeTree ORDER BY id", "INSERT INTO provtrail.t VALUES (7)",
		"CREATE VIEW provtrail.v AS SELECT id FROM provtrail.t", "CREATE VIEW provtrail.w AS SELECT id FROM provtrail.v",
	} {
		require.NoError(t, conn.Exec(t.Context(), statement))
	}
	require.NoError(t, conn.Close())
	process.Kill()
	path := filepath.Join(engine.storePath(), "metadata", "provtrail", "v.sql")
	require.NoError(t, os.Truncate(path, 0))
	start(t, engine)
	require.Equal(t, "7", queryHTTP(t, engine.HTTPAddr(), "SELECT id FROM provtrail.t"))
	require.Equal(t, "t\nw", queryHTTP(t, engine.HTTPAddr(), "SHOW TABLES FROM provtrail"))
	named := logs.FilterField(zap.String("file", path))
	require.Equal(t, 1, named.Len(), logs.All())
}

func TestDataOutlivesTheProcess(t *testing.T) {
	engine := open(t, testConfig(t.TempDir()), zaptest.NewLogger(t))
	first := start(t, engine)
	conn := connect(t, engine.NativeAddr())
	require.NoError(t, conn.Exec(t.Context(), "CREATE DATABASE provtrail"))
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE provtrail.t (id UInt64, word LowCardinality(String)) ENGINE = MergeTree ORDER BY id"))
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO provtrail.t")
	require.NoError(t, err)
	for id := range uint64(1000) {
		require.NoError(t, batch.Append(id, fmt.Sprint("word", id%7)))
	}
	require.NoError(t, batch.Send())

	const digest = "SELECT count(), sum(id), sum(cityHash64(id, word)) FROM provtrail.t"
	before := queryHTTP(t, engine.HTTPAddr(), digest)
	require.True(t, strings.HasPrefix(before, "1000\t499500\t"), before)
	require.NoError(t, conn.Close()) // an open connection delays the stop by five seconds
	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Err())

	second := start(t, engine)
	assert.NotEqual(t, first.Pid(), second.Pid())
	assert.Equal(t, before, queryHTTP(t, engine.HTTPAddr(), digest))

	second.Kill()
	require.ErrorContains(t, second.Err(), "killed")
	start(t, engine)
	assert.Equal(t, before, queryHTTP(t, engine.HTTPAddr(), digest))
}

func TestQueryLogWorksAfterARestart(t *testing.T) {
	engine := open(t, testConfig(t.TempDir()), zaptest.NewLogger(t))
	for range 2 {
		process := start(t, engine)
		require.Equal(t, "42", queryHTTP(t, engine.HTTPAddr(), "SELECT 42"))
		require.Eventually(t, func() bool { // the answer is there before the query has ended
			return queryHTTP(t, engine.HTTPAddr(), "SYSTEM FLUSH LOGS") == "" && queryHTTP(t, engine.HTTPAddr(),
				"SELECT count() FROM system.query_log WHERE type = 'QueryFinish' AND query = 'SELECT 42'") == "1"
		}, 20*time.Second, 20*time.Millisecond)
		require.NoError(t, process.Stop(t.Context()))
	}
}

func TestMemoryLimit(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.MemoryLimitMiB = 1 << 10
	engine := open(t, cfg, zaptest.NewLogger(t))
	start(t, engine)
	answer := queryHTTP(t, engine.HTTPAddr(), "SELECT length(groupArray(number)) FROM numbers(400000000)")
	assert.Contains(t, answer, "MEMORY_LIMIT_EXCEEDED")
	assert.Equal(t, "1", queryHTTP(t, engine.HTTPAddr(), "SELECT 1"), "the server outlives the query it refused")
}

func TestAddressInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	cfg := testConfig(t.TempDir())
	cfg.HTTPEndpoint = listener.Addr().String()
	engine := open(t, cfg, zaptest.NewLogger(t))

	_, err = engine.Start(t.Context())
	require.ErrorIs(t, err, ErrAddressInUse)
	assert.ErrorContains(t, err, cfg.HTTPEndpoint)
	assert.ErrorContains(t, err, "choose another http_endpoint")
}

func TestStopIsBounded(t *testing.T) {
	engine := open(t, testConfig(t.TempDir()), zaptest.NewLogger(t))
	process := start(t, engine)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, process.Stop(ctx), context.Canceled)
	<-process.Done()
}
