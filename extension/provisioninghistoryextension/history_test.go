package provisioninghistoryextension

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func runTests(m *testing.M) { clickhousetest.Main(m) }

func start(t *testing.T, server *clickhousetest.Server, database string) *historyExtension {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, database
	require.NoError(t, cfg.Validate())
	h := &historyExtension{config: cfg, logger: zap.NewNop()}
	require.NoError(t, h.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, h.Shutdown(context.Background())) })
	return h
}

// store puts what a processor emits into ClickHouse, by the exporter without a queue.
func store(t testing.TB, server *clickhousetest.Server, database string, batch *columnar.Batch, change ...func(*provisioningclickhouseexporter.Config)) {
	t.Helper()
	factory := provisioningclickhouseexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningclickhouseexporter.Config)
	cfg.Endpoints, cfg.Database, cfg.TTL = []string{server.Addr}, database, 0
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	for _, c := range change {
		c(cfg)
	}
	e, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), batch.Logs()))
	require.NoError(t, e.Shutdown(t.Context()))
}

const day = pcommon.Timestamp(24 * 3600 * 1e9)

func observe(group string, n int, change func(*provisioning.Observation)) provisioning.Observation {
	o := provisioning.Observation{
		Tenant: `a'c\me`, Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: group,
		SourceName: "AD", AccountID: "Ada", AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
		ReportedStatus: provisioning.StatusPending, RawStatus: fmt.Sprint("PENDING", n), RequesterName: fmt.Sprint("r", n), ErrorMessage: fmt.Sprint("é", n),
		OccurredAt: 19_000*day + pcommon.Timestamp(n)*day/3, ObservedAt: 20_000*day + pcommon.Timestamp(n)*1000,
	}
	if change != nil {
		change(&o)
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

// emit adds to a batch what a processor emits of a group at once.
func emit(to *columnar.Builder, version uint64, observations []provisioning.Observation) {
	activities := provisioning.Resolve(observations)
	stored := map[provisioning.ID]bool{}
	for i := range activities {
		for step := range activities[i].History {
			asOf := activities[i].AsOf(step + 1)
			r := record.New(&asOf)
			if stored[r.EventID] {
				continue
			}
			stored[r.EventID] = true
			newest := step == len(activities[i].History)-1 && activities[i].KnownAt() == r.OccurredAt
			r.Version, r.Current, r.Original = version, newest, "{}"
			to.Activity(&r)
		}
		state := record.New(&activities[i])
		state.AsState(version)
		state.OccurredAt = activities[i].KnownAt()
		to.Activity(&state)
	}
	g := record.Group{Group: provisioning.Summarize(activities), Version: version}
	for i := range observations {
		g.ObservedAt = max(g.ObservedAt, observations[i].ObservedAt)
	}
	to.Group(&g)
}

func TestObservationsComeBackAsTheyWere(t *testing.T) {
	server := clickhousetest.Start(t)
	database := server.Database(t)
	h := start(t, server, database)
	ask := func(group string, version uint64) history.KnownGroup {
		return history.KnownGroup{Key: history.GroupKey(`a'c\me`, group), Tenant: `a'c\me`, GroupID: group, Version: version}
	}

	stored, err := h.Stored(t.Context(), []history.KnownGroup{ask("g1", 0)})
	require.NoError(t, err, "before the exporter has made its tables nothing was stored")
	require.Empty(t, stored)

	one := []provisioning.Observation{
		observe("g1", 0, nil), observe("g1", 1, func(o *provisioning.Observation) { o.OccurredAt = 0 }),
		observe("g1", 2, func(o *provisioning.Observation) { o.OccurredAt += 123_456_789; o.RequestedAt = 7 }),
		observe("g1", 9, func(o *provisioning.Observation) {
			o.AccountLevel, o.AttributeName, o.AttributeValue, o.Operation = true, "", "", provisioning.OperationModify
			o.ReportedStatus = provisioning.StatusFailed
		}),
	}
	two := []provisioning.Observation{observe("g'2", 4, nil), observe("g'2", 5, func(o *provisioning.Observation) { o.AccountID = "Bob" })}
	// Without a time, and after all that the vendor dated.
	two = append(two, observe("g'2", 6, func(o *provisioning.Observation) { o.OccurredAt = 0 }))
	batch := columnar.NewBuilder(0)
	emit(batch, 8, one[:2])
	emit(batch, 5<<32|8, one)
	emit(batch, 6, two)
	store(t, server, database, batch.Batch())

	stored, err = h.Stored(t.Context(), []history.KnownGroup{ask("g1", 8), ask("g'2", 0), ask("g3", 0)})
	require.NoError(t, err)
	require.Len(t, stored, 2)
	f := func(group string, version uint64, want []provisioning.Observation) {
		t.Helper()
		got := stored[history.GroupKey(`a'c\me`, group)]
		require.Equal(t, version, got.Version)
		byID := map[provisioning.ID]provisioning.Observation{}
		for _, o := range got.Observations {
			byID[o.EventID] = o
		}
		require.Len(t, byID, len(want))
		for _, o := range want {
			require.Equal(t, o, byID[o.EventID])
		}
	}
	f("g1", 5<<32|8, one)
	f("g'2", 6, two)

	stored, err = h.Stored(t.Context(), []history.KnownGroup{ask("g1", 5<<32|9), ask("g'2", 6)})
	require.NoError(t, err)
	require.Empty(t, stored, "what is known already is not read again")
}

func TestMoreGroupsThanOneQueryTakes(t *testing.T) {
	server := clickhousetest.Start(t)
	database := server.Database(t)
	h := start(t, server, database)
	batch := columnar.NewBuilder(0)
	var ask []history.KnownGroup
	for i := range 2*maxGroups + 1 {
		o := observe(fmt.Sprint("g", i), i%5, nil)
		emit(batch, 2, []provisioning.Observation{o})
		ask = append(ask, history.KnownGroup{Key: history.GroupKey(o.Tenant, o.GroupID), Tenant: o.Tenant, GroupID: o.GroupID})
	}
	store(t, server, database, batch.Batch())
	stored, err := h.Stored(t.Context(), ask)
	require.NoError(t, err)
	require.Len(t, stored, len(ask))
	for _, g := range ask {
		require.Len(t, stored[g.Key].Observations, 1)
		require.Equal(t, g.GroupID, stored[g.Key].Observations[0].GroupID)
	}
}

func TestNoServerIsAnError(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints = []string{"127.0.0.1:1"}
	h := &historyExtension{config: cfg, logger: zap.NewNop()}
	require.NoError(t, h.Start(t.Context(), componenttest.NewNopHost()))
	_, err := h.Stored(t.Context(), []history.KnownGroup{{GroupID: "g"}})
	require.ErrorContains(t, err, "what is stored of groups")
	require.NoError(t, h.Shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	load := func(name string) *Config {
		cfg := createDefaultConfig().(*Config)
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		require.NoError(t, sub.Unmarshal(cfg, confmap.WithIgnoreUnused()))
		return cfg
	}
	require.NoError(t, load("provisioning_history").Validate())
	all := load("provisioning_history/all")
	require.NoError(t, all.Validate())
	require.True(t, all.Cluster)
	require.Equal(t, "audit", all.Database)
	err = load("provisioning_history/bad").Validate()
	for _, key := range []string{"endpoints", "database", "timeout", "max_connections"} {
		require.ErrorContains(t, err, key+":")
	}
}
