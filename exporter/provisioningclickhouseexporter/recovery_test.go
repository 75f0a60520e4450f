package provisioningclickhouseexporter

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/metadata"
	"github.com/provtrail/provtrail/internal/clickhousetest"
)

// TestServerKilledAndBack: the exporter with its queue, and a server that is killed during
// inserts.
func TestServerKilledAndBack(t *testing.T) {
	server := clickhousetest.StartOwn(t)
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database, cfg.TTL, cfg.QuarantineTTL = []string{server.Addr}, "recovery", 0, 0
	cfg.Retry.InitialInterval, cfg.Retry.MaxInterval = 20*time.Millisecond, 100*time.Millisecond
	batch := cfg.Queue.Get().Batch.Get()
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = 10*time.Millisecond, 40, 80
	logs, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, logs.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, logs.Shutdown(context.Background())) })

	list, groups := history(100)
	for i := range 100 {
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(list[i*4:i*4+4], groups[i*2:i*2+2])))
		switch i {
		case 30:
			server.Kill()
		case 60:
			server.Restart(t)
		}
	}
	conn := server.Open(t, "")
	require.Eventually(t, func() bool {
		var observations, activities, groups uint64
		row := conn.QueryRow(t.Context(), "SELECT (SELECT count() FROM recovery.observations), (SELECT count() FROM recovery.activities), (SELECT count() FROM recovery.groups)")
		return row.Scan(&observations, &activities, &groups) == nil && observations == 400 && activities == 100 && groups == 100
	}, 30*time.Second, 50*time.Millisecond)
}

func TestTemporaryErrorsAreRetried(t *testing.T) {
	f := start(t)
	list, groups := history(1)
	require.NoError(t, f.tables.ensure(t.Context()))
	check := func(damage, repair, text string) {
		t.Helper()
		require.NoError(t, f.conn.Exec(t.Context(), damage))
		require.ErrorContains(t, f.pushLogs(t.Context(), logsOf(list, groups)), text)
		require.NoError(t, f.conn.Exec(t.Context(), repair))
		require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
		require.Zero(t, one[uint64](t, f, "SELECT count() FROM quarantine WHERE reason != 'bad'"))
	}
	check("ALTER TABLE provisioning_groups DROP COLUMN cause", "ALTER TABLE provisioning_groups ADD COLUMN cause LowCardinality(String)", "cause")
	check("ALTER TABLE provisioning_groups MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1, max_avg_part_size_for_too_many_parts = 0",
		"ALTER TABLE provisioning_groups RESET SETTING parts_to_throw_insert, parts_to_delay_insert, max_avg_part_size_for_too_many_parts", "parts")
}

func TestUnreachableEndpoints(t *testing.T) {
	list, groups := history(1)
	none := start(t, func(c *Config) { c.Endpoints = []string{"127.0.0.1:1"} })
	require.ErrorContains(t, none.pushLogs(t.Context(), logsOf(list, groups)), "kept and sent again")
	second := start(t, func(c *Config) { c.Endpoints = append([]string{"127.0.0.1:1"}, c.Endpoints...) })
	require.NoError(t, second.pushLogs(t.Context(), logsOf(list, groups)), "the next endpoint is tried")
}

func TestClassify(t *testing.T) {
	f := func(code proto.Error, want class) {
		t.Helper()
		require.Equal(t, want, classify(fmt.Errorf("insert: %w", &ch.Exception{Code: code})), code)
	}
	for _, code := range []proto.Error{
		proto.ErrAuthenticationFailed, proto.ErrAccessDenied, proto.ErrNotEnoughSpace, proto.ErrMemoryLimitExceeded,
		proto.ErrTooManyParts, proto.ErrTableIsReadOnly, proto.ErrReadonly, proto.ErrTimeoutExceeded,
		proto.ErrNoSuchColumnInTable, proto.ErrTypeMismatch, proto.ErrUnknownTable, proto.Error(9999),
	} {
		f(code, temporary)
	}
	f(proto.ErrViolatedConstraint, refusesRows)
	f(proto.ErrFunctionThrowIfValueIsNonZero, refusesRows)
	require.Equal(t, temporary, classify(io.ErrUnexpectedEOF))
}
