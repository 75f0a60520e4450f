package provisioninghistoryextension

import (
	"errors"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
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
	var errs []error
	if len(c.Endpoints) == 0 {
		errs = append(errs, errors.New("endpoints: name at least one host:port of ClickHouse's native protocol"))
	}
	for _, address := range c.Endpoints {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
			errs = append(errs, fmt.Errorf("endpoints: %q is not host:port, without a scheme", address))
		}
	}
	if c.Database == "" {
		errs = append(errs, errors.New("database: must not be empty"))
	}
	if c.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout: %s is not above 0", c.Timeout))
	}
	if c.MaxConnections < 1 {
		errs = append(errs, fmt.Errorf("max_connections: %d is less than 1", c.MaxConnections))
	}
	return errors.Join(errs...)
}
