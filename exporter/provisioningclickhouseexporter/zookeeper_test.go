//go:build zookeeper

package provisioningclickhouseexporter

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// zookeeperJar is where Debian's package zookeeper puts it.
const zookeeperJar = "/usr/share/java/zookeeper.jar"

// startZooKeeper runs a real ZooKeeper for one server and returns the server's
// configuration. (clickhouse-local has no id of its own, so two of them cannot have
// sessions in one ZooKeeper.)
func startZooKeeper(t *testing.T) string {
	t.Helper()
	address := freeAddresses(t, 1)[0]
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	cmd := exec.Command("java", "-cp", zookeeperJar, "-Dzookeeper.admin.enableServer=false",
		"org.apache.zookeeper.server.ZooKeeperServerMain", port, t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 30*time.Second, 100*time.Millisecond, "install Debian's package zookeeper: %s", &stderr)
	return fmt.Sprintf("<zookeeper><node><host>%s</host><port>%s</port></node><session_timeout_ms>5000</session_timeout_ms></zookeeper>", host, port)
}

// TestReplicatedTables: two shards whose tables are made in real ZooKeepers. It ends
// there, since clickhouse-local has no interserver port: its replicated tables are
// read-only.
func TestReplicatedTables(t *testing.T) {
	servers := startShards(t, 2, startZooKeeper(t), startZooKeeper(t))
	e := startBare(t, clusterConfig(servers, func(c *Config) {
		c.Cluster.Get().Replicated, c.Cluster.Get().KeeperPath = true, "/clickhouse/tables/{shard}/{database}/{table}"
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 { // the second time all are there
		require.NoError(t, e.tables.ensure(ctx))
		for i, s := range servers {
			var want []string
			for _, table := range []string{"activities", "errors", "groups", "observations", "quarantine", "reports", "transitions"} {
				want = append(want, fmt.Sprintf("/clickhouse/tables/%d/spread/provisioning_%s r1", i+1, table))
			}
			conn := s.Open(t, "spread")
			require.Equal(t, want, strings1(t, conn, "SELECT concat(zookeeper_path, ' ', replica_name) AS x FROM system.replicas"))
			require.Equal(t, []string{"0"}, strings1(t, conn, "SELECT count() AS x FROM activities"))
		}
		e.tables.ready = false
	}
}
