package clickhouseembeddedextension

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/provtrail/provtrail/internal/clickhouse"
	"github.com/provtrail/provtrail/internal/loopbackhttp"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config says which ClickHouse to run, where it listens and where it keeps its data.
type Config struct {
	clickhouse.Config `mapstructure:",squash"`

	_ struct{}
}

func createDefaultConfig() component.Config { return &Config{Config: clickhouse.DefaultConfig()} }

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
