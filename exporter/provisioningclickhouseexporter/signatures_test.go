package provisioningclickhouseexporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// TestSignaturesAreThoseOfTheProgram: the table has a row for each category and each
// built-in signature, is written once, and is replaced when it is another program's.
func TestSignaturesAreThoseOfTheProgram(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	assertSignatures := func() {
		t.Helper()
		for _, info := range errorclass.Categories {
			require.Equal(t, info.Title+"|"+info.Actor+"|"+string(info.Retry)+"|"+info.Action, one[string](t, f,
				"SELECT concat(title, '|', who_acts, '|', retryable, '|', next_action) FROM provisioning_error_signatures WHERE category = ? AND signature = ''", string(info.Category)))
		}
		for _, s := range errorclass.Builtin() {
			require.Equal(t, string(s.Category)+"|"+string(s.Retry)+"|"+s.Action, one[string](t, f,
				"SELECT concat(category, '|', retryable, '|', next_action) FROM provisioning_error_signatures WHERE signature = ?", s.ID))
		}
		require.Equal(t, uint64(len(errorclass.Categories)+len(errorclass.Builtin())), one[uint64](t, f, "SELECT count() FROM provisioning_error_signatures"))
	}
	assertSignatures()

	migrate := func() (written int) {
		server := &recording{Server: f.tables.server}
		require.NoError(t, schema.Migrate(t.Context(), server, f.cfg.target(), false))
		for _, statement := range server.statements {
			if strings.Contains(statement, "provisioning_error_signatures") {
				written++
				require.Less(t, len(statement), 200_000, "the server refuses a statement of 262,144 bytes")
			}
		}
		return written
	}
	require.Zero(t, migrate(), "the same table is not written again")
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_error_signatures DELETE WHERE category = 'auth_failed' SETTINGS mutations_sync = 2"))
	require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_error_signatures MODIFY COMMENT 'of another program'"))
	require.Equal(t, 1, migrate())
	assertSignatures()
	require.NoError(t, f.conn.Exec(t.Context(), "DROP TABLE provisioning_error_signatures SYNC"))
	require.Equal(t, 1, migrate(), "dropped by hand")
	assertSignatures()
}
