package provisioninghistoryextension

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/provisioning"
)

// shards starts two servers that know each other as cluster "test".
func shards(t *testing.T) []*clickhousetest.Server {
	t.Helper()
	addresses, err := blackbox.FreePorts(4)
	require.NoError(t, err)
	var list strings.Builder
	for _, native := range addresses[:2] {
		host, port, err := net.SplitHostPort(native)
		require.NoError(t, err)
		fmt.Fprintf(&list, "<shard><internal_replication>true</internal_replication><replica><host>%s</host><port>%s</port></replica></shard>", host, port)
	}
	servers := make([]*clickhousetest.Server, 2)
	for i := range servers {
		path := filepath.Join(t.TempDir(), "cluster.xml")
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil,
			"<clickhouse><remote_servers><test>%s</test></remote_servers></clickhouse>", list.String()), 0o600))
		servers[i] = clickhousetest.StartOwn(t, clickhousetest.WithConfigFile(path), clickhousetest.WithEndpoints(addresses[i], addresses[2+i]))
	}
	return servers
}

func TestAClusterIsAskedAsAWhole(t *testing.T) {
	servers := shards(t)
	const groups = 20
	batch := columnar.NewBuilder(0)
	ask := make([]history.KnownGroup, groups)
	want := map[provisioning.ID]provisioning.Observation{}
	for i := range ask {
		o := observe(fmt.Sprint("g", i), i, nil)
		emit(batch, 4, []provisioning.Observation{o})
		ask[i] = history.KnownGroup{Key: history.GroupKey(o.Tenant, o.GroupID), Tenant: o.Tenant, GroupID: o.GroupID}
		want[ask[i].Key] = o
	}
	store(t, servers[0], "spread", batch.Batch(), func(c *provisioningclickhouseexporter.Config) {
		c.Cluster = configoptional.Some(provisioningclickhouseexporter.ClusterConfig{Name: "test"})
	})
	for _, server := range servers {
		cfg := createDefaultConfig().(*Config)
		cfg.Endpoints, cfg.Database, cfg.Cluster = []string{server.Addr}, "spread", true
		h := &historyExtension{config: cfg, logger: zap.NewNop()}
		require.NoError(t, h.Start(t.Context(), componenttest.NewNopHost()))
		t.Cleanup(func() { require.NoError(t, h.Shutdown(context.Background())) })
		stored, err := h.Stored(t.Context(), ask)
		require.NoError(t, err)
		require.Len(t, stored, groups)
		for key, o := range want {
			require.Equal(t, history.StoredGroup{Version: 4, Observations: []provisioning.Observation{o}}, stored[key])
		}
	}
}
