package provisioningclickhouseexporter

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/internal/settings"
)

// Config is the configuration of the exporter.
type Config struct {
	// Timeout bounds one attempt to store a batch.
	Timeout time.Duration `mapstructure:"timeout"`
	// Retry says how long to wait between attempts. With max_elapsed_time 0 it never gives up.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// Queue holds what is not stored yet and shapes the batches.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// Endpoints are host:port of the native protocol. Where one does not answer the next is tried.
	Endpoints []string `mapstructure:"endpoints"`
	// Username logs in.
	Username string `mapstructure:"username"`
	// Password of Username.
	Password configopaque.String `mapstructure:"password"`
	// PasswordFile is a file with the password, read when the exporter starts; of no effect
	// beside Password.
	PasswordFile string `mapstructure:"password_file"`
	// TLS encrypts the connections; absent for none.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// Compression of what goes over the network: lz4, zstd or none.
	Compression string `mapstructure:"compression"`
	// DialTimeout bounds connecting to one endpoint.
	DialTimeout time.Duration `mapstructure:"dial_timeout"`
	// MaxConnections bounds the connections open at once.
	MaxConnections int `mapstructure:"max_connections"`

	// SyncDirectory is on the file system of the server's files, where the server runs on
	// this machine. That file system is then synced once after each batch, where the server
	// would sync each file of each part. Empty: the server syncs. Of effect on Linux.
	SyncDirectory string `mapstructure:"sync_directory"`
	// Database holds the tables and views; it is created if it is missing.
	Database string `mapstructure:"database"`
	// CreateSchema creates and migrates the tables. Without it they must exist.
	CreateSchema bool `mapstructure:"create_schema"`
	// Cluster spreads the tables over the servers of a cluster; absent for one server.
	Cluster configoptional.Optional[ClusterConfig] `mapstructure:"cluster"`
	// TTL is how long observations, activities and groups are kept, from the time they were
	// observed, by the machine's clock and the vendor's newest time; 0 for ever.
	TTL time.Duration `mapstructure:"ttl"`
	// RollupTTL is how long transitions, reports and errors are kept, from the time they
	// happened, and reconciliations, from the hour they are about; 0 for ever.
	RollupTTL time.Duration `mapstructure:"rollup_ttl"`
	// QuarantineTTL is how long the quarantine is kept; 0 for ever.
	QuarantineTTL time.Duration `mapstructure:"quarantine_ttl"`

	_ struct{}
}

// ClusterConfig is the servers that the tables are spread over.
type ClusterConfig struct {
	// Name of the cluster in the servers' system.clusters.
	Name string `mapstructure:"name"`
	// Replicated creates Replicated engines with the servers' macros {shard} and {replica}.
	Replicated bool `mapstructure:"replicated"`
	// KeeperPath is the path of a table in ZooKeeper or ClickHouse Keeper.
	KeeperPath string `mapstructure:"keeper_path"`
	// Nodes are host:port of every server of the cluster, where those in system.clusters
	// cannot be reached from here.
	Nodes []string `mapstructure:"nodes"`

	_ struct{}
}

const (
	day = 24 * time.Hour
	// ClickHouse computes when rows expire in 32 bits, which end in 2106.
	maxTTL = 50 * 365 * day
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxElapsedTime = time.Second, 0 // never drops
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer, queue.QueueSize = exporterhelper.RequestSizerTypeItems, 200_000
	queue.BlockOnOverflow = true // backpressure instead of drops
	queue.NumConsumers = 2
	batch := exporterhelper.NewDefaultBatchConfig()
	// Few rows wait for one insert, because each insert makes a part in six tables. With the two
	// seconds until a file is read, a row can be queried within five seconds.
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = 2700*time.Millisecond, 5_000, 10_000
	queue.Batch = configoptional.Some(batch)
	return &Config{
		Timeout:        time.Minute,
		Retry:          retry,
		Queue:          configoptional.Some(queue),
		Endpoints:      []string{"127.0.0.1:9000"},
		Username:       "default",
		TLS:            configoptional.Default(configtls.NewDefaultClientConfig()),
		Compression:    "lz4",
		DialTimeout:    5 * time.Second,
		MaxConnections: 8,
		Database:       "provtrail",
		CreateSchema:   true,
		Cluster: configoptional.Default(ClusterConfig{
			Replicated: true, KeeperPath: "/clickhouse/tables/{shard}/{database}/{table}",
		}),
		TTL:           7 * day,
		RollupTTL:     90 * day,
		QuarantineTTL: 30 * day,
	}
}

var compressions = map[string]ch.Compression{
	"lz4": ch.CompressionLZ4, "zstd": ch.CompressionZSTD, "none": ch.CompressionDisabled,
}

// Validate reports every setting that cannot work.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(len(c.Endpoints) == 0, "endpoints: name at least one host:port of ClickHouse's native protocol")
	addresses := func(key string, list []string) {
		for _, address := range list {
			_, port, err := net.SplitHostPort(address)
			wrong.If(err != nil || port == "", "%s: %q is not host:port, without a scheme", key, address)
		}
	}
	addresses("endpoints", c.Endpoints)
	if cluster := c.Cluster.Get(); cluster != nil {
		addresses("cluster::nodes", cluster.Nodes)
		wrong.If(c.SyncDirectory != "", "sync_directory: the servers of a cluster sync their own files; leave it out")
		wrong.If(cluster.Name == "", "cluster::name: must not be empty; it is the cluster's name in the servers' remote_servers")
		wrong.If(cluster.Replicated && (!strings.Contains(cluster.KeeperPath, "{shard}") || !strings.Contains(cluster.KeeperPath, "{table}")),
			"cluster::keeper_path: %q must contain {shard} and {table}; without them tables share their rows", cluster.KeeperPath)
	}
	_, known := compressions[c.Compression]
	wrong.Unless(known, "compression: %q is none of lz4, zstd, none", c.Compression)
	wrong.If(c.Database == "", "database: must not be empty")
	wrong.If(c.MaxConnections < 1, "max_connections: %d is less than 1", c.MaxConnections)
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"timeout", c.Timeout}, {"dial_timeout", c.DialTimeout}} {
		wrong.If(d.value <= 0, "%s: %s is not above 0", d.key, d.value)
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"ttl", c.TTL}, {"rollup_ttl", c.RollupTTL}, {"quarantine_ttl", c.QuarantineTTL}} {
		wrong.If(d.value != 0 && (d.value < time.Second || d.value > maxTTL), "%s: %s is neither 0 (for ever) nor from 1s to %s", d.key, d.value, maxTTL)
	}
	return wrong.Err()
}

// server names the endpoints for messages.
func (c *Config) server() string { return strings.Join(slices.Clone(c.Endpoints), ", ") }
