package provisioningprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
)

func load(t *testing.T, id component.ID) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(id.String())
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

func TestConfig(t *testing.T) {
	require.Equal(t, createDefaultConfig(), load(t, component.NewID(metadata.Type)))

	own := load(t, component.NewIDWithName(metadata.Type, "own"))
	require.Equal(t, StateConfig{Directory: "data/state", CacheSizeMiB: 64}, *own.State.Get())

	full := load(t, component.NewIDWithName(metadata.Type, "full"))
	require.Equal(t, "provisioning_history", full.History.String())
	require.Equal(t, 240*time.Hour, full.Retention)
	require.Equal(t, 720*time.Hour, full.OpenRetention)
	require.Equal(t, StateConfig{Directory: "data/state", CacheSizeMiB: 32}, *full.State.Get())
	require.Equal(t, 5*time.Second, full.CheckInterval)
	require.Equal(t, change.Thresholds{
		Default: change.Limits{Stalled: 2 * time.Hour, Overdue: 12 * time.Hour},
		Sources: map[string]change.Limits{
			"active directory": {Stalled: 30 * time.Minute, Overdue: 12 * time.Hour},
			"sap":              {Stalled: 0, Overdue: 48 * time.Hour},
		},
	}, full.thresholds())
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
	negative := -time.Second
	require.ErrorContains(t, (&StateConfig{}).Validate(), "directory is empty")
	require.ErrorContains(t, (&StateConfig{}).Validate(), "cache_size_mib is 0")
	f(func(c *Config) { c.StalledAfter = negative }, "stalled_after is -1s")
	f(func(c *Config) { c.OverdueAfter = negative }, "overdue_after is -1s")
	f(func(c *Config) { c.Sources = []SourceConfig{{}} }, "sources[0].source is empty")
	f(func(c *Config) { c.Sources = []SourceConfig{{Source: "AD"}, {Source: "ad"}} }, `sources[1].source "ad" is named twice`)
	f(func(c *Config) { c.Sources = []SourceConfig{{Source: "AD", StalledAfter: &negative}} }, "sources[0].stalled_after is -1s")
	f(func(c *Config) { c.Sources = []SourceConfig{{Source: "AD", OverdueAfter: &negative}} }, "sources[0].overdue_after is -1s")
	f(func(c *Config) { c.Retention = time.Hour }, "retention is 1h0m0s")
	f(func(c *Config) { c.OpenRetention = time.Hour }, "open_retention is 1h0m0s")
	f(func(c *Config) { c.CheckInterval = 0 }, "check_interval is 0s")
	f(func(c *Config) { c.ErrorSignatures = "nowhere.tsv" }, "error_signatures: open nowhere.tsv")
	f(func(c *Config) { c.ErrorSignatures = "config_test.go" }, "error_signatures: config_test.go: line 1")
}
