package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestShippedConfigurationsAreValid: those of deploy/, and each has a health check that
// follows the components.
func TestShippedConfigurationsAreValid(t *testing.T) {
	inKubernetes := filepath.Join(t.TempDir(), "kubernetes.yaml")
	file, err := os.Open(filepath.Join(root, "deploy", "kubernetes", "provtrail.yaml"))
	require.NoError(t, err)
	defer file.Close()
	var configMap struct {
		Data map[string]string `yaml:"data"`
	}
	require.NoError(t, yaml.NewDecoder(file).Decode(&configMap)) // the first document
	require.NoError(t, os.WriteFile(inKubernetes, []byte(configMap.Data["collector.yaml"]), 0o600))

	compose := filepath.Join(root, "deploy", "compose")
	for _, files := range [][]string{
		{inKubernetes},
		{filepath.Join(compose, "collector.yaml"), filepath.Join(compose, "without-loki.yaml")},
		{filepath.Join(compose, "collector.yaml"), filepath.Join(compose, "with-loki.yaml")},
		{filepath.Join(root, "deploy", "kafka", "receive.yaml")},
		{filepath.Join(root, "deploy", "kafka", "fold.yaml")},
		{filepath.Join(root, "collector-config.yaml")},
		{filepath.Join(root, "collector-config.yaml"), filepath.Join(root, "sailpoint-config.yaml")},
	} {
		args := []string{"validate"}
		for _, f := range files {
			args = append(args, "--config", f)
		}
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "PROVTRAIL_TENANT=acme", "PROVTRAIL_CLICKHOUSE_NATIVE=127.0.0.1:9000",
			"PROVTRAIL_SAILPOINT_ENDPOINT=https://acme.api.identitynow.com", "PROVTRAIL_SAILPOINT_CLIENT_ID=a", "PROVTRAIL_SAILPOINT_CLIENT_SECRET=b")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%v\n%s", files, out)

		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		var config struct {
			Extensions struct {
				HealthCheck struct {
					ComponentHealth map[string]any `yaml:"component_health"`
				} `yaml:"health_check"`
			} `yaml:"extensions"`
		}
		require.NoError(t, yaml.Unmarshal(text, &config))
		assert.Equal(t, map[string]any{
			"include_permanent_errors": true, "include_recoverable_errors": true, "recovery_duration": "1m",
		}, config.Extensions.HealthCheck.ComponentHealth, files)
	}
}
