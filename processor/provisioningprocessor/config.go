package provisioningprocessor

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/provtrail/provtrail/internal/settings"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
)

// minRetention is what the vendor needs: it reports up to 24 hours late, and a
// group that has been forgotten by then would start again from nothing.
const minRetention = 24 * time.Hour

// Config is the processor's configuration.
type Config struct {
	// State keeps the state in a directory. Without it the state lives in memory and a
	// restart forgets it.
	State configoptional.Optional[StateConfig] `mapstructure:"state"`

	// History names an extension that reads what other collectors stored of groups, so
	// that a group may move from one to another.
	History *component.ID `mapstructure:"history"`
	// HistoryFor is what History is asked for.
	HistoryFor HistoryFor `mapstructure:"history_for"`

	// StalledAfter flags an activity that is Pending or Retrying for longer. 0
	// never flags.
	StalledAfter time.Duration `mapstructure:"stalled_after"`
	// OverdueAfter flags an activity that is Committed, and not verified, for
	// longer. 0 never flags.
	OverdueAfter time.Duration `mapstructure:"overdue_after"`
	// Sources sets thresholds of single sources.
	Sources []SourceConfig `mapstructure:"sources"`

	// ErrorSignatures is a file of signatures of error texts that extend and override the
	// built-in ones, see docs/errors.md.
	ErrorSignatures string `mapstructure:"error_signatures"`

	// Retention is how long the state of a group with nothing Pending or
	// Retrying is kept after its last change.
	Retention time.Duration `mapstructure:"retention"`
	// OpenRetention is the same for a group that is still open.
	OpenRetention time.Duration `mapstructure:"open_retention"`

	// CheckInterval is how often due timers are looked for.
	CheckInterval time.Duration `mapstructure:"check_interval"`

	_ struct{}
}

// HistoryFor is what a history is asked for.
type HistoryFor string

const (
	// HistoryShared asks for every group of every batch: several collectors share the groups.
	HistoryShared HistoryFor = "shared"
	// HistoryLost asks for groups that this state does not have and may have lost: it was
	// deleted, or the group's retention is over. No other collector has the groups.
	HistoryLost HistoryFor = "lost"
)

// StateConfig is where the state is kept.
type StateConfig struct {
	// Directory is made if it does not exist. No two processors may share one.
	Directory string `mapstructure:"directory"`
	// CacheSizeMiB bounds the memory of what is read from the directory's files. What was
	// written last takes up to 96 MiB besides.
	CacheSizeMiB int `mapstructure:"cache_size_mib"`

	_ struct{}
}

// Validate checks the section.
func (c *StateConfig) Validate() error {
	var wrong settings.Problems
	wrong.If(c.Directory == "", "directory is empty, it must name a directory")
	wrong.If(c.CacheSizeMiB <= 0, "cache_size_mib is %d, it must be at least 1", c.CacheSizeMiB)
	return wrong.Err()
}

// SourceConfig holds the thresholds of one source. What is absent is as for all.
type SourceConfig struct {
	// Source is the source's name or id, in any case.
	Source       string         `mapstructure:"source"`
	StalledAfter *time.Duration `mapstructure:"stalled_after"`
	OverdueAfter *time.Duration `mapstructure:"overdue_after"`

	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		State:         configoptional.Default(StateConfig{CacheSizeMiB: 64}),
		StalledAfter:  4 * time.Hour,
		OverdueAfter:  24 * time.Hour,
		Retention:     8 * 24 * time.Hour,
		OpenRetention: 90 * 24 * time.Hour,
		HistoryFor:    HistoryShared,
		CheckInterval: 10 * time.Second,
	}
}

// Validate checks the configuration; each error names the key.
func (c *Config) Validate() error {
	var wrong settings.Problems
	notNegative := func(key string, d time.Duration) {
		wrong.If(d < 0, "%s is %s, it must not be negative (0 never flags)", key, d)
	}
	notNegative("stalled_after", c.StalledAfter)
	notNegative("overdue_after", c.OverdueAfter)
	wrong.If(c.HistoryFor != HistoryShared && c.HistoryFor != HistoryLost, "history_for is %q, it must be %s or %s", c.HistoryFor, HistoryShared, HistoryLost)
	seen := map[string]bool{}
	for i, s := range c.Sources {
		at := fmt.Sprintf("sources[%d].", i)
		word := strings.ToLower(s.Source)
		wrong.If(word == "", "%ssource is empty, it must be a source's name or id", at)
		wrong.If(word != "" && seen[word], "%ssource %q is named twice", at, s.Source)
		seen[word] = true
		if s.StalledAfter != nil {
			notNegative(at+"stalled_after", *s.StalledAfter)
		}
		if s.OverdueAfter != nil {
			notNegative(at+"overdue_after", *s.OverdueAfter)
		}
	}
	wrong.If(c.Retention < minRetention, "retention is %s, it must be at least %s: the vendor reports that late", c.Retention, minRetention)
	wrong.If(c.OpenRetention < c.Retention, "open_retention is %s, it must not be shorter than retention (%s)", c.OpenRetention, c.Retention)
	wrong.If(c.CheckInterval <= 0, "check_interval is %s, it must be more than 0s", c.CheckInterval)
	if _, err := LoadSignatures(c.ErrorSignatures); err != nil {
		wrong.If(true, "%v", err)
	}
	return wrong.Err()
}

// thresholds are the limits of all sources; what a source leaves out is the default.
func (c *Config) thresholds() change.Thresholds {
	t := change.Thresholds{
		Default: change.Limits{Stalled: c.StalledAfter, Overdue: c.OverdueAfter},
		Sources: make(map[string]change.Limits, len(c.Sources)),
	}
	for _, s := range c.Sources {
		limits := t.Default
		if s.StalledAfter != nil {
			limits.Stalled = *s.StalledAfter
		}
		if s.OverdueAfter != nil {
			limits.Overdue = *s.OverdueAfter
		}
		t.Sources[strings.ToLower(s.Source)] = limits
	}
	return t
}
