package e2e

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// impatient makes an outage count at once.
const impatient = `
extensions:
  health_check:
    component_health: {recovery_duration: 0s}
exporters:
  provisioning_clickhouse: {timeout: 2s, retry_on_failure: {initial_interval: 100ms, max_interval: 1s}}
`

// health is the status and the body of the verbose health check.
func (c *collector) health(t *testing.T) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + c.env["PROVTRAIL_HEALTH"] + "/?verbose")
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func (c *collector) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(c.path("collector.log"))
	require.NoError(t, err)
	return string(text)
}

// A ClickHouse that refuses the password is an outage that the health check and the log
// name, and that ends when the password is right.
func TestHealthNamesAnOutage(t *testing.T) {
	c := newCollector(t)
	overlay := c.path("impatient.yaml")
	require.NoError(t, os.WriteFile(overlay, []byte(impatient), 0o600))
	log := func() string { return c.log(t) }
	c.env["PROVTRAIL_CLICKHOUSE_PASSWORD"] = "wrong"
	c.start(t, "--config", "collector-config.yaml", "--config", overlay)
	require.True(t, eventually(func() bool {
		code, text := c.health(t)
		return code == http.StatusInternalServerError && strings.Contains(text, "Authentication failed")
	}), "the health check does not name it: %s", log())
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

// A ClickHouse that hangs is an outage as well; when it goes on, so does everything else.
func TestHealthNamesAHangingClickHouse(t *testing.T) {
	c := newCollector(t)
	overlay := c.path("impatient.yaml")
	require.NoError(t, os.WriteFile(overlay, []byte(impatient), 0o600))
	c.start(t, "--config", "collector-config.yaml", "--config", overlay)
	c.healthy(t)
	// With a state of its own the processor asks ClickHouse for nothing, so that what hangs is
	// the exporter.
	require.NoError(t, os.WriteFile(c.path("input", "before.json"), []byte(activity("before", "FINISHED")), 0o600))
	c.eventually(t, "SELECT count() FROM groups WHERE group_id = 'before'", "1") // groups are inserted last
	engine := c.engine(t)
	require.NoError(t, syscall.Kill(engine, syscall.SIGSTOP))
	defer func() { _ = syscall.Kill(engine, syscall.SIGCONT) }() // where the test fails

	require.NoError(t, os.WriteFile(c.path("input", "one.json"), []byte(activity("hangs", "FINISHED")), 0o600))
	require.True(t, eventually(func() bool {
		code, text := c.health(t)
		return code == http.StatusInternalServerError &&
			strings.Contains(text, "does not answer") && strings.Contains(text, "context deadline exceeded")
	}), "the health check does not name it: %s", c.log(t))
	for _, line := range []string{"\twarn\t.*ClickHouse takes no records", "\twarn\t.*ClickHouse does not answer"} {
		assert.Regexp(t, line, c.log(t))
	}
	require.NoError(t, syscall.Kill(engine, syscall.SIGCONT))
	c.healthy(t)
	c.eventually(t, "SELECT count() FROM observations WHERE group_id = 'hangs'", "1")
	assert.Contains(t, c.log(t), "ClickHouse takes records again")
}

// engine is the process of the collector's ClickHouse.
func (c *collector) engine(t *testing.T) int {
	t.Helper()
	found := regexp.MustCompile(`ClickHouse is running.*"pid": (\d+)`).FindStringSubmatch(c.log(t))
	require.NotNil(t, found, c.log(t))
	pid, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return pid
}
