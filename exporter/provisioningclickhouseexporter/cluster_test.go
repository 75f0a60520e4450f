package provisioningclickhouseexporter

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhousetest"
)

var update = flag.Bool("update", false, "write the golden files")

func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	addresses, err := blackbox.FreePorts(n)
	require.NoError(t, err)
	return addresses
}

// startShards starts n servers that know each other as cluster "test", one shard each.
// More are added to the servers' configurations.
func startShards(t *testing.T, n int, more ...string) []*clickhousetest.Server {
	t.Helper()
	addresses := freeAddresses(t, 2*n)
	var shards strings.Builder
	for _, native := range addresses[:n] {
		host, port, err := net.SplitHostPort(native)
		require.NoError(t, err)
		fmt.Fprintf(&shards, "<shard><internal_replication>true</internal_replication><replica><host>%s</host><port>%s</port></replica></shard>", host, port)
	}
	var servers []*clickhousetest.Server
	more = append(more, make([]string, n)...)
	for i := range n {
		path := filepath.Join(t.TempDir(), "cluster.xml")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil,
			"<clickhouse><remote_servers><test>%s</test></remote_servers><macros><shard>%d</shard><replica>r1</replica></macros>%s</clickhouse>",
			shards.String(), i+1, more[i]), 0o600))
		servers = append(servers, clickhousetest.StartOwn(t, clickhousetest.WithConfigFile(path), clickhousetest.WithEndpoints(addresses[i], addresses[n+i])))
	}
	return servers
}

func clusterConfig(servers []*clickhousetest.Server, change ...func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints = nil
	for _, s := range servers {
		cfg.Endpoints = append(cfg.Endpoints, s.Addr)
	}
	cfg.Database, cfg.TTL, cfg.RollupTTL, cfg.QuarantineTTL = "spread", 0, 0, 0
	cfg.Cluster = configoptional.Some(ClusterConfig{Name: "test"})
	cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = 20*time.Millisecond, 100*time.Millisecond
	batch := cfg.Queue.Get().Batch.Get()
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = 10*time.Millisecond, 40, 80
	for _, f := range change {
		f(cfg)
	}
	return cfg
}

func startExporter(t *testing.T, cfg *Config) exporter.Logs {
	t.Helper()
	require.NoError(t, cfg.Validate())
	logs, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, logs.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, logs.Shutdown(context.Background())) })
	return logs
}

// startBare is the exporter without its queue.
func startBare(t *testing.T, cfg *Config) *clickhouseExporter {
	t.Helper()
	e, err := newExporter(cfg, exportertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	require.NoError(t, e.connect(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.shutdown(context.Background())) })
	return e
}

// strings1 is the first column of a query, sorted, or nothing if the query fails.
func strings1(t *testing.T, conn driver.Conn, query string) []string {
	t.Helper()
	var list []string
	if conn.QueryRow(t.Context(), "SELECT arraySort(groupArray(toString(x))) FROM ("+query+")").Scan(&list) != nil {
		return nil
	}
	return list
}

// TestTwoShardsOneOfThemDown: with one shard killed while batches go in, and both
// killed after, every id is there once, each group on one shard, and the panels' names
// show all shards from either of them.
func TestTwoShardsOneOfThemDown(t *testing.T) {
	testShards(t, startShards(t, 2))
}

func testShards(t *testing.T, servers []*clickhousetest.Server, change ...func(*Config)) {
	t.Helper()
	const n = 100
	list, groups := history(n)
	truth := start(t)
	require.NoError(t, truth.pushLogs(t.Context(), logsOf(list, groups)))

	logs := startExporter(t, clusterConfig(servers, change...))
	for i := range n {
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(list[i*4:i*4+4], groups[i*2:i*2+2])))
		switch i {
		case 30:
			servers[1].Kill()
		case 50:
			servers[1].Restart(t)
		case 70:
			servers[0].Kill()
		case 80:
			servers[1].Kill()
			servers[0].Restart(t)
			servers[1].Restart(t)
		}
	}
	// Again, cut in other batches, from a collector of its own.
	other := startExporter(t, clusterConfig(servers, append(change, func(c *Config) { slices.Reverse(c.Endpoints) })...))
	for chunk := range slices.Chunk(list, 37) {
		require.NoError(t, other.ConsumeLogs(t.Context(), logsOf(chunk, nil)))
	}

	var events, activities []string
	for i := range list {
		events = append(events, list[i].EventID.String())
		if list[i].Version == 6 {
			activities = append(activities, list[i].ActivityID.String())
		}
	}
	slices.Sort(events)
	slices.Sort(activities)
	for _, s := range servers {
		conn := s.Open(t, "spread")
		require.Eventually(t, func() bool {
			return slices.Equal(events, strings1(t, conn, "SELECT event_id AS x FROM observations")) &&
				slices.Equal(activities, strings1(t, conn, "SELECT activity_id AS x FROM activities")) &&
				len(strings1(t, conn, "SELECT group_id AS x FROM groups WHERE committed_count = 1")) == n
		}, 60*time.Second, 100*time.Millisecond)
		require.Equal(t, counts(t, truth), counts(t, &fixture{conn: conn}), "every view as on one server")
		// A query of the group dashboard: one name within another.
		ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"distributed_product_mode": "global"}))
		var found uint64
		require.NoError(t, conn.QueryRow(ctx, "SELECT count() FROM observations WHERE activity_id IN (SELECT activity_id FROM activities WHERE status IN ('Committed', 'Failed'))").Scan(&found))
		require.Equal(t, uint64(2*n), found)
	}
	here := strings1(t, servers[0].Open(t, "spread"), "SELECT DISTINCT group_id AS x FROM observations_local")
	there := strings1(t, servers[1].Open(t, "spread"), "SELECT DISTINCT group_id AS x FROM observations_local")
	require.NotEmpty(t, here)
	require.NotEmpty(t, there)
	require.Len(t, append(here, there...), n, "a group is on one shard alone")
}

func TestUnknownCluster(t *testing.T) {
	list, groups := history(1)
	f := start(t, func(c *Config) { c.Cluster = configoptional.Some(ClusterConfig{Name: "nowhere"}) })
	require.ErrorContains(t, f.pushLogs(t.Context(), logsOf(list, groups)), "cluster nowhere is not in system.clusters")
}

func TestOtherClusterSetting(t *testing.T) {
	list, groups := history(1)
	f := start(t)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	target := f.cfg.target()
	target.Cluster = &schema.Cluster{Name: "test"}
	require.ErrorContains(t, schema.Migrate(t.Context(), f.tables.server, target, false), "created with another `cluster` setting")
}

// TestUnreachableNodes: nothing is written while a shard has no node with tables. Nodes that
// the configuration lists take the place of those in system.clusters.
func TestUnreachableNodes(t *testing.T) {
	servers := startShards(t, 2)
	servers[1].Kill()
	cfg := clusterConfig(servers[:1])
	e := startBare(t, cfg)
	list, groups := history(1)
	err := e.pushLogs(t.Context(), logsOf(list, groups))
	require.ErrorContains(t, err, "no node of shard 2 has its tables")
	require.ErrorContains(t, err, "node "+servers[1].Addr)
	servers[1].Restart(t)
	require.NoError(t, e.pushLogs(t.Context(), logsOf(list, groups)))

	listed := clusterConfig(servers[1:], func(c *Config) { c.Cluster.Get().Nodes = []string{servers[0].Addr, servers[1].Addr} })
	list, groups = history(10)
	logs := startExporter(t, listed)
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(list, groups)))
	conn := servers[1].Open(t, "")
	require.Eventually(t, func() bool {
		return len(strings1(t, conn, "SELECT event_id AS x FROM spread.observations")) == len(list)
	}, 30*time.Second, 50*time.Millisecond)
}

// TestReplicatedStatements: the exact statements for a node of a replicated cluster and for
// one server.
func TestReplicatedStatements(t *testing.T) {
	target := schema.Target{
		Database: "provtrail", TTL: 7 * day, RollupTTL: 90 * day, QuarantineTTL: 30 * day,
		Cluster: &schema.Cluster{Name: "main", Replicated: true, Path: "/clickhouse/tables/{shard}/{database}/{table}"},
	}
	golden(t, "testdata/cluster/replicated.sql", target)
	target.Cluster = nil
	golden(t, "testdata/cluster/single.sql", target)
}

func golden(t *testing.T, path string, target schema.Target) {
	t.Helper()
	var text strings.Builder
	add := func(statements []string, err error) {
		require.NoError(t, err)
		for _, s := range statements {
			text.WriteString(s + ";\n\n")
		}
	}
	for _, m := range schema.Migrations {
		add(m.Statements(target))
	}
	if target.Cluster != nil {
		add(target.OverAllShards())
	}
	add(target.Views())
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text.String(), "go test -run TestReplicatedStatements -update writes it")
}
