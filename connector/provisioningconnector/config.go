package provisioningconnector

import (
	"fmt"

	"go.opentelemetry.io/collector/component"
)

// Config is the connector's configuration.
type Config struct {
	// MaxGroups is how many groups are held in memory, the last ones that changed.
	MaxGroups int `mapstructure:"max_groups"`
	// Storage names a storage extension that keeps the groups across restarts. Without
	// one they live in memory only.
	Storage *component.ID `mapstructure:"storage"`
	// CommittedIsFinished has a group with nothing but Committed left count as
	// finished, for tenants whose feeds do not verify.
	CommittedIsFinished bool `mapstructure:"committed_is_finished"`

	_ struct{}
}

func createDefaultConfig() component.Config { return &Config{MaxGroups: 50_000} }

// Validate checks the configuration; the error names the key.
func (c *Config) Validate() error {
	if c.MaxGroups <= 0 {
		return fmt.Errorf("max_groups is %d, it must be at least 1", c.MaxGroups)
	}
	return nil
}
