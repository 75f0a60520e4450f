package reconcile

import (
	"time"

	"github.com/provtrail/provtrail/internal/settings"
)

// Config is the section reconcile: whether and when the vendor is asked how many documents
// each hour has.
type Config struct {
	// Enabled switches reconciliation on.
	Enabled bool `mapstructure:"enabled"`

	// Behind is how long after its end an hour is asked about first.
	Behind time.Duration `mapstructure:"behind"`

	// Again lists when after its end an hour is asked about again.
	Again []time.Duration `mapstructure:"again"`

	// Retention is how long the vendor keeps documents. Shortly before it deletes those of
	// an hour, the hour is asked about for the last time.
	Retention time.Duration `mapstructure:"retention"`

	// BudgetShare is the share of the requests that reconciliation may use.
	BudgetShare float64 `mapstructure:"budget_share"`

	_ struct{}
}

// NewDefaultConfig returns the default settings.
func NewDefaultConfig() Config {
	return Config{
		Enabled: true, Behind: 15 * time.Minute, Again: []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour},
		Retention: 60 * 24 * time.Hour, BudgetShare: 0.1,
	}
}

// Validate names every setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.Unless(c.Behind > 0, "behind is %v, must be positive", c.Behind)
	last := c.Behind
	for _, again := range c.Again {
		wrong.Unless(again > last, "again is %v, must be increasing and longer than behind (%v)", c.Again, c.Behind)
		last = max(last, again)
	}
	wrong.Unless(c.Retention > last+lastPass, "retention is %v, must be at least %v longer than the last of again, or than behind (%v)", c.Retention, lastPass, last)
	wrong.Unless(c.BudgetShare > 0 && c.BudgetShare <= 1, "budget_share is %v, must be above 0 and at most 1", c.BudgetShare)
	return wrong.Err()
}
