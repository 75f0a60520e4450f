package clickhouseembeddedextension

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/provtrail/provtrail/extension/clickhouseembeddedextension/internal/metadata"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	f := func(id component.ID, want *Config) {
		t.Helper()
		sub, err := conf.Sub(id.String())
		require.NoError(t, err)
		cfg := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, want, cfg)
	}
	f(component.NewID(metadata.Type), &Config{Config: clickhouse.Config{
		NativeEndpoint: "127.0.0.1:9000",
		HTTPEndpoint:   "127.0.0.1:8123",
		Directory:      "data/clickhouse",
		Database:       "provtrail",
		LogLevel:       "warning",
		StartTimeout:   time.Minute,
		StopTimeout:    30 * time.Second,
	}})
	f(component.NewIDWithName(metadata.Type, "all"), &Config{Config: clickhouse.Config{
		NativeEndpoint: "0.0.0.0:19000",
		HTTPEndpoint:   "0.0.0.0:18123",
		Directory:      "/var/lib/provtrail/clickhouse",
		Library:        "/opt/libchdb.so",
		ConfigFile:     "/etc/provtrail/clickhouse.xml",
		Database:       "provtrail",
		LogLevel:       "information",
		MemoryLimitMiB: 2048,
		StartTimeout:   2 * time.Minute,
		StopTimeout:    10 * time.Second,
	}})
}

func TestValidateNamesTheSetting(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, cfg.Validate())
		change(cfg)
		assert.ErrorContains(t, cfg.Validate(), want)
	}
	f(func(c *Config) { c.NativeEndpoint = "9000" }, "native_endpoint must be host:port")
	f(func(c *Config) { c.HTTPEndpoint = "" }, "http_endpoint must be host:port")
	f(func(c *Config) { c.HTTPEndpoint = "localhost:8123" }, "must have the same host")
	f(func(c *Config) { c.NativeEndpoint, c.HTTPEndpoint = "0.0.0.0:9000", "0.0.0.0:8123" }, "has no password")
	f(func(c *Config) { c.NativeEndpoint, c.HTTPEndpoint = ":9000", ":8123" }, "has no password")
	f(func(c *Config) { c.Directory = "" }, "directory must be set")
	f(func(c *Config) { c.Binary, c.Library = "a", "b" }, "binary and library exclude each other")
	f(func(c *Config) { c.Database = "" }, `database: "" must be letters`)
	f(func(c *Config) { c.Database = "a`.b" }, "must be letters, digits and underscores")
	f(func(c *Config) { c.LogLevel = "warn" }, `log_level: "warn" is none of none, fatal`)
	f(func(c *Config) { c.StartTimeout = 0 }, "start_timeout must be positive")
	f(func(c *Config) { c.StopTimeout = -1 }, "stop_timeout must be positive")
}
