package provisioninghistoryextension

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/provisioning"
)

// BenchmarkStored asks for 1000 groups among 20,000 of three observations each: none of
// which is known there, none of which has anything newer, all of which have.
func BenchmarkStored(b *testing.B) {
	server := clickhousetest.Start(b)
	database := server.Database(b)
	batch := columnar.NewBuilder(0)
	for i := range 20_000 {
		var observations []provisioning.Observation
		for n := range 3 {
			observations = append(observations, observe(fmt.Sprint("g", i), n+i%60, nil))
		}
		emit(batch, 6, observations)
		if batch.Batch().Len() > 20_000 || i == 19_999 {
			store(b, server, database, batch.Batch())
			batch = columnar.NewBuilder(0)
		}
	}
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, database
	h := &historyExtension{config: cfg, logger: zap.NewNop()}
	require.NoError(b, h.Start(b.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(b, h.Shutdown(b.Context())) }()
	f := func(name, prefix string, groups int, version uint64, want int) {
		b.Run(name, func(b *testing.B) {
			ask := make([]history.KnownGroup, groups)
			for i := range ask {
				id := fmt.Sprint(prefix, i*7)
				ask[i] = history.KnownGroup{Key: history.GroupKey(`a'c\me`, id), Tenant: `a'c\me`, GroupID: id, Version: version}
			}
			for b.Loop() {
				stored, err := h.Stored(b.Context(), ask)
				require.NoError(b, err)
				require.Len(b, stored, want)
			}
		})
	}
	f("new/1", "n", 1, 0, 0)
	f("new/1000", "n", 1000, 0, 0)
	f("known/1000", "g", 1000, 6, 0)
	f("newer/1", "g", 1, 0, 1)
	f("newer/1000", "g", 1000, 0, 1000)
}
