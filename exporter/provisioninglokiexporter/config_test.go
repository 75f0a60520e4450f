package provisioninglokiexporter

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadata"
)

func load(t *testing.T, id component.ID) *Config {
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub(id.String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig(t *testing.T) {
	cfg := load(t, component.NewID(metadata.Type))
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, "https://loki.example.com", cfg.ClientConfig.Endpoint)
	assert.Equal(t, 10*time.Second, cfg.ClientConfig.Timeout)
	assert.Equal(t, map[string]string{"service_name": "provtrail", "region": "eu"}, cfg.Labels)
	assert.Equal(t, timestampOccurred, cfg.Timestamp)
	assert.Equal(t, 500000, cfg.MaxRequestSize)
	assert.Equal(t, "file_storage", cfg.QueueConfig.Get().StorageID.String())
	assert.True(t, cfg.QueueConfig.Get().BlockOnOverflow)
	assert.True(t, cfg.QueueConfig.Get().Batch.HasValue())
	assert.Zero(t, cfg.RetryConfig.MaxElapsedTime, "retries have no end")
}

func TestConfigErrorsNameTheSetting(t *testing.T) {
	err := confmap.Validate(load(t, component.NewIDWithName(metadata.Type, "bad")))
	for _, key := range []string{
		"endpoint:", "compression:", "quarantine::directory:", "timestamp:", "max_request_size:", `labels: "no-dash"`, `labels: "tenant"`,
	} {
		require.ErrorContains(t, err, key)
	}
}
