package provisioningclickhouseexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/clickhousetest"
)

// TestViewsExistBeforeTheFirstRecord: from the start of the exporter.
func TestViewsExistBeforeTheFirstRecord(t *testing.T) {
	server := clickhousetest.Start(t)
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, server.Database(t)
	startExporter(t, cfg)
	f := &fixture{conn: server.Open(t, cfg.Database)}
	for _, view := range []string{
		"observations", "activities", "groups", "transitions", "status_hourly", "errors", "passwords_changed", "dimensions", "lookup", "quarantine",
	} {
		require.Zero(t, one[uint64](t, f, "SELECT count() FROM "+view))
	}
}

// TestViewsOfAServerThatStartsLater: the exporter starts without its server, and creates
// the views when the server answers.
func TestViewsOfAServerThatStartsLater(t *testing.T) {
	server := clickhousetest.StartOwn(t)
	server.Kill()
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoints, cfg.Database = []string{server.Addr}, "later"
	startExporter(t, cfg)
	server.Restart(t)
	conn := server.Open(t, "")
	require.Eventually(t, func() bool {
		return conn.Exec(t.Context(), "SELECT count() FROM later.activities") == nil
	}, 30*time.Second, 50*time.Millisecond)
}
