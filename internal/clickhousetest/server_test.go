package clickhousetest

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestOneServerManyDatabases(t *testing.T) {
	first, second := Start(t), Start(t)
	assert.Same(t, first, second)
	a, b := first.Database(t), first.Database(t)
	assert.NotEqual(t, a, b)

	conn := first.Open(t, a)
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO t SELECT number FROM numbers(10)"))
	res, err := http.Get(first.URL + "/?query=SELECT+sum(id)+FROM+" + a + ".t")
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "45\n", string(body))
	http.DefaultClient.CloseIdleConnections()
}

func TestDatabaseIsDropped(t *testing.T) {
	server := Start(t)
	var name string
	t.Run("a b/ü", func(t *testing.T) { name = server.Database(t) })
	var left uint64
	require.NoError(t, server.Open(t, "").QueryRow(t.Context(), "SELECT count() FROM system.databases WHERE name = $1", name).Scan(&left))
	assert.Zero(t, left)
}

func TestFaults(t *testing.T) {
	server := StartOwn(t)
	database := server.Database(t)
	conn := server.Open(t, database)
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO t SELECT number FROM numbers(1000)"))

	server.Kill()
	require.Error(t, conn.Ping(t.Context()))
	server.Restart(t)
	var rows uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM t").Scan(&rows))
	assert.EqualValues(t, 1000, rows)
}

func TestConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "extra.xml")
	require.NoError(t, os.WriteFile(path, []byte("<clickhouse><macros><replica>r1</replica></macros></clickhouse>"), 0o600))
	server := StartOwn(t, WithConfigFile(path))
	var replica string
	require.NoError(t, server.Open(t, "").QueryRow(t.Context(), "SELECT getMacro('replica')").Scan(&replica))
	assert.Equal(t, "r1", replica)
}
