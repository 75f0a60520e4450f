package quarantine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClickHouseOptions(t *testing.T) {
	t.Setenv("PROVTRAIL_CLICKHOUSE_PASSWORD", "p@ss/word")
	o, err := clickHouseOptions("http://grafana@127.0.0.1:8123/audit")
	require.NoError(t, err)
	assert.Equal(t, "grafana", o.Auth.Username)
	assert.Equal(t, "p@ss/word", o.Auth.Password)
	assert.Equal(t, "audit", o.Auth.Database)
	assert.Equal(t, []string{"127.0.0.1:8123"}, o.Addr)
	o, err = clickHouseOptions("http://127.0.0.1:8123")
	require.NoError(t, err)
	assert.Equal(t, "provtrail", o.Auth.Database)
	for _, wrong := range []string{"127.0.0.1:9000", "clickhouse://127.0.0.1:9000/provtrail", "http://u:secret@127.0.0.1:8123/"} {
		_, err := clickHouseOptions(wrong)
		require.ErrorContains(t, err, "--clickhouse", wrong)
		assert.NotContains(t, err.Error(), "secret")
	}
}
