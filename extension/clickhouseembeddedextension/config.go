package clickhouseembeddedextension

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/provtrail/provtrail/internal/clickhouse"
	"github.com/provtrail/provtrail/internal/loopbackhttp"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config says which ClickHouse to run, where it listens and where it keeps its data.
type Config struct {
	// NativeEndpoint (host:port) serves the native protocol, HTTPEndpoint the HTTP
	// interface. Both must have the same host. Port 0 is a free port.
	NativeEndpoint string `mapstructure:"native_endpoint"`
	HTTPEndpoint   string `mapstructure:"http_endpoint"`

	// Directory keeps the data. One collector at a time may use it.
	Directory string `mapstructure:"directory"`

	// Binary is a clickhouse executable and Library a libchdb; at most one may be set.
	// With neither, the first of these is taken: clickhouse on PATH, the library named
	// by PROVTRAIL_CLICKHOUSE_LIBRARY, the library installed by `make setup`.
	Binary  string `mapstructure:"binary"`
	Library string `mapstructure:"library"`

	// ConfigFile is an XML file that ClickHouse merges over the built-in configuration:
	// users, clusters, macros.
	ConfigFile string `mapstructure:"config_file"`

	// Database is made before clients are let in. The user default may read it, and nothing
	// else.
	Database string `mapstructure:"database"`

	// LogLevel is the least important ClickHouse log line that is passed on.
	LogLevel string `mapstructure:"log_level"`

	// MemoryLimitMiB bounds ClickHouse's memory; 0 is half of the machine's.
	MemoryLimitMiB uint64 `mapstructure:"memory_limit_mib"`

	// StartTimeout bounds the wait for an earlier ClickHouse to leave the directory, and
	// the start itself.
	StartTimeout time.Duration `mapstructure:"start_timeout"`

	// StopTimeout bounds the clean stop, after which ClickHouse is killed.
	StopTimeout time.Duration `mapstructure:"stop_timeout"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	defaults := clickhouse.DefaultConfig()
	return &Config{
		NativeEndpoint: defaults.NativeEndpoint,
		HTTPEndpoint:   defaults.HTTPEndpoint,
		Directory:      defaults.Directory,
		Database:       defaults.Database,
		LogLevel:       defaults.LogLevel,
		StartTimeout:   defaults.StartTimeout,
		StopTimeout:    defaults.StopTimeout,
	}
}

var databaseName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// Validate names every setting that cannot work.
func (c *Config) Validate() error {
	var wrong settings.Problems
	native, err := splitHost("native_endpoint", c.NativeEndpoint)
	wrong.Add(err)
	http, err := splitHost("http_endpoint", c.HTTPEndpoint)
	wrong.Add(err)
	wrong.If(native != http, "native_endpoint and http_endpoint must have the same host, not %q and %q", native, http)
	wrong.If(c.ConfigFile == "" && !loopbackhttp.IsLoopback(native), "native_endpoint: %q can be reached from other machines, but user default has no password: "+
		"listen on 127.0.0.1, or set config_file to a ClickHouse configuration whose users_config has users with passwords", native)
	wrong.If(c.Directory == "", "directory must be set")
	wrong.If(c.Binary != "" && c.Library != "", "binary and library exclude each other")
	wrong.If(!slices.Contains(clickhouse.Levels, c.LogLevel), "log_level: %q is none of %s", c.LogLevel, strings.Join(clickhouse.Levels, ", "))
	wrong.If(!databaseName.MatchString(c.Database), "database: %q must be letters, digits and underscores", c.Database)
	wrong.If(c.StartTimeout <= 0, "start_timeout must be positive, not %s", c.StartTimeout)
	wrong.If(c.StopTimeout <= 0, "stop_timeout must be positive, not %s", c.StopTimeout)
	return wrong.Err()
}

func splitHost(key, endpoint string) (string, error) {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return "", fmt.Errorf("%s must be host:port: %w", key, err)
	}
	return host, nil
}

func (c *Config) engine() clickhouse.Config {
	return clickhouse.Config{
		NativeEndpoint: c.NativeEndpoint,
		HTTPEndpoint:   c.HTTPEndpoint,
		Directory:      c.Directory,
		Binary:         c.Binary,
		Library:        c.Library,
		ConfigFile:     c.ConfigFile,
		Database:       c.Database,
		LogLevel:       c.LogLevel,
		MemoryLimit:    c.MemoryLimitMiB << 20,
		StartTimeout:   c.StartTimeout,
		StopTimeout:    c.StopTimeout,
	}
}
