package clickhouse

import (
	"os"
	"path/filepath"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConfigFileAddsMacrosAndUsers(t *testing.T) {
	users := writeFile(t, "users.xml", `<clickhouse>
		<profiles><default/></profiles><quotas><default/></quotas>
		<users>
			<default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
			<writer><password>secret</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></writer>
		</users>
	</clickhouse>`)
	cfg := testConfig(t.TempDir())
	cfg.Readable = []string{users}
	cfg.ConfigFile = writeFile(t, "extra.xml", `<clickhouse>
		<users_config>`+users+`</users_config>
		<macros><shard>07</shard></macros>
	</clickhouse>`)
	engine := open(t, cfg, zaptest.NewLogger(t))
	start(t, engine)

	conn, err := driver.Open(&driver.Options{
		Addr: []string{engine.NativeAddr()}, Auth: driver.Auth{Username: "writer", Password: "secret"},
	})
	require.NoError(t, err)
	defer conn.Close()
	var shard string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT getMacro('shard')").Scan(&shard))
	assert.Equal(t, "07", shard)

	assert.Contains(t, queryHTTP(t, engine.HTTPAddr()+"/?user=writer&password=wrong", "SELECT 1"), "Code: 516")
}

func TestBrokenConfigFileIsSaid(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.ConfigFile = writeFile(t, "extra.xml", `<clickhouse><macros></clickhouse>`)
	_, err := open(t, cfg, zaptest.NewLogger(t)).Start(t.Context())
	require.ErrorContains(t, err, "did not start")
	assert.ErrorContains(t, err, "config.d/user.xml")

	cfg.ConfigFile = "/nowhere.xml"
	cfg.Directory = t.TempDir()
	_, err = Open(t.Context(), cfg, zaptest.NewLogger(t))
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "config_file")
}
