package provisioninghistoryextension

import (
	"net"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/provtrail/provtrail/internal/settings"
)

// Config of the extension.
type Config struct {
	// Endpoints are host:port of ClickHouse's native protocol. The next is asked when one
	// does not answer.
	Endpoints []string `mapstructure:"endpoints"`
	// Username logs in.
	Username string `mapstructure:"username"`
	// Password of Username.
	Password configopaque.String `mapstructure:"password"`
	// PasswordFile is a file with the password, read when the extension starts; of no effect
	// beside Password.
	PasswordFile string `mapstructure:"password_file"`
	// TLS encrypts the connections; absent for none.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// Database has the exporter's tables.
	Database string `mapstructure:"database"`
	// Cluster asks the tables over all shards.
	Cluster bool `mapstructure:"cluster"`
	// Timeout bounds one query.
	Timeout time.Duration `mapstructure:"timeout"`
	// MaxConnections bounds the connections open at once.
	MaxConnections int `mapstructure:"max_connections"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		Endpoints: []string{"127.0.0.1:9000"}, Username: "default", Database: "provtrail",
		TLS:     configoptional.Default(configtls.NewDefaultClientConfig()),
		Timeout: 30 * time.Second, MaxConnections: 4,
	}
}

// Validate names the setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(len(c.Endpoints) == 0, "endpoints: name at least one host:port of ClickHouse's native protocol")
	for _, address := range c.Endpoints {
		_, port, err := net.SplitHostPort(address)
		wrong.If(err != nil || port == "", "endpoints: %q is not host:port, without a scheme", address)
	}
	wrong.If(c.Database == "", "database: must not be empty")
	wrong.If(c.Timeout <= 0, "timeout: %s is not above 0", c.Timeout)
	wrong.If(c.MaxConnections < 1, "max_connections: %d is less than 1", c.MaxConnections)
	return wrong.Err()
}
