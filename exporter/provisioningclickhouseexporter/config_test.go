package provisioningclickhouseexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub(name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	cfg := load(t, "provisioning_clickhouse")
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, []string{"clickhouse-1.example.com:9440", "clickhouse-2.example.com:9440"}, cfg.Endpoints)
	require.Equal(t, "/etc/provtrail/ca.pem", cfg.TLS.Get().CAFile)
	require.Equal(t, 365*24*time.Hour, cfg.TTL)
	require.Zero(t, cfg.RollupTTL)
	require.Equal(t, 30*day, cfg.QuarantineTTL)
	queue := cfg.Queue.Get()
	require.True(t, queue.BlockOnOverflow, "a storage of its own leaves the other defaults alone")
	require.Equal(t, int64(5_000), queue.Batch.Get().MinSize)
	require.Zero(t, cfg.Retry.MaxElapsedTime, "never gives up")
	require.NotContains(t, cfg.Password.String(), "PASSWORD")
}

func TestClusterConfig(t *testing.T) {
	cfg := load(t, "provisioning_clickhouse/cluster")
	require.NoError(t, confmap.Validate(cfg))
	cluster := cfg.Cluster.Get()
	require.Equal(t, "main", cluster.Name)
	require.True(t, cluster.Replicated, "the default")
	require.Equal(t, "/clickhouse/tables/{shard}/{database}/{table}", cluster.KeeperPath)
	require.Len(t, cluster.Nodes, 2)
}

func TestDefaultsWork(t *testing.T) {
	cfg := createDefaultConfig()
	require.NoError(t, confmap.Validate(cfg))
	require.False(t, cfg.(*Config).TLS.HasValue())
	require.False(t, cfg.(*Config).Cluster.HasValue(), "one server")
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	err := confmap.Validate(load(t, "provisioning_clickhouse/bad"))
	for _, key := range []string{"endpoints: \"http", "endpoints: \"\"", "compression", "database", "ttl: -1s", "cluster::name", "sync_directory", "cluster::nodes", "cluster::keeper_path", "max_connections", "timeout"} {
		require.ErrorContains(t, err, key)
	}
}
