package e2e

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impatient makes an outage count at once.
const impatient = `
extensions:
  health_check:
    component_health: {recovery_duration: 0s}
`

// A ClickHouse that refuses the password is an outage that the health check and the log
// tell of, and that ends when the password is right.
func TestHealthTellsOfAnOutage(t *testing.T) {
	c := newCollector(t)
	overlay := c.path("impatient.yaml")
	require.NoError(t, os.WriteFile(overlay, []byte(impatient), 0o600))
	health := func() (int, string) {
		response, err := http.Get("http://" + c.env["PROVTRAIL_HEALTH"] + "/?verbose")
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	log := func() string {
		text, err := os.ReadFile(c.path("collector.log"))
		require.NoError(t, err)
		return string(text)
	}
	c.env["PROVTRAIL_CLICKHOUSE_PASSWORD"] = "wrong"
	c.start(t, "--config", "collector-config.yaml", "--config", overlay)
	require.True(t, eventually(func() bool {
		code, text := health()
		return code == http.StatusInternalServerError && strings.Contains(text, "Authentication failed")
	}), "the health check does not tell: %s", log())
	assert.Equal(t, 1, strings.Count(log(), "ClickHouse takes no records"))
	assert.Contains(t, log(), "\twarn\t")
	c.stop(t)

	delete(c.env, "PROVTRAIL_CLICKHOUSE_PASSWORD")
	c.start(t, "--config", "collector-config.yaml", "--config", overlay)
	c.healthy(t)
	password, err := os.ReadFile(c.path("clickhouse", "password"))
	require.NoError(t, err)
	assert.NotContains(t, log(), strings.TrimSpace(string(password)))
}
