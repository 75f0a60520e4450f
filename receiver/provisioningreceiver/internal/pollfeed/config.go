package pollfeed

import (
	"time"

	"github.com/provtrail/provtrail/internal/settings"
)

// Config is when and what a polling feed reads. The feeds rest, search and events
// each have one.
type Config struct {
	// Path of the resource below the API's endpoint.
	Path string `mapstructure:"path"`

	// PageSize is the number of documents requested at once.
	PageSize int `mapstructure:"page_size"`

	// Interval is how often new documents are requested, on average: two thirds of
	// it while something new comes, up to four thirds while nothing does.
	Interval time.Duration `mapstructure:"interval"`

	// Lookback lists how far back documents are read once more, because documents
	// change and appear late. The first is read at each poll, each other one every
	// quarter of its length.
	Lookback []time.Duration `mapstructure:"lookback"`

	// Backfill is how far back the first start begins: the vendor keeps 60 days.
	Backfill time.Duration `mapstructure:"backfill"`

	// Parallel is how many windows of a long period, such as the backfill, are read
	// at the same time.
	Parallel int `mapstructure:"parallel"`

	// Query selects documents of the search index (search and events).
	Query string `mapstructure:"query"`

	_ struct{}
}

// MaxActivities is the largest page of account activities that the vendor gives.
const MaxActivities = 250

// maxSearchPage is the largest page of a search that the vendor gives, and where its counts end.
const maxSearchPage = 10_000

// Validate names every setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.Unless(c.Path != "" && c.Path[0] == '/', "path is %q, must begin with /", c.Path)
	wrong.Unless(c.PageSize > 0 && c.PageSize <= maxSearchPage, "page_size is %d, must be between 1 and %d", c.PageSize, maxSearchPage)
	wrong.Unless(c.Parallel > 0 && c.Parallel <= 32, "parallel is %d, must be between 1 and 32", c.Parallel)
	wrong.Unless(c.Interval > 0, "interval is %v, must be positive", c.Interval)
	wrong.Unless(len(c.Lookback) > 0, "lookback must have at least one duration")
	for i, o := range c.Lookback {
		wrong.Unless(o > 0 && (i == 0 || o > c.Lookback[i-1]), "lookback is %v, must be positive and increasing", c.Lookback)
	}
	wrong.Unless(c.Backfill > 0, "backfill is %v, must be positive", c.Backfill)
	return wrong.Err()
}

func newDefaultConfig(path string, pageSize int, query string) Config {
	return Config{
		Path: path, PageSize: pageSize, Query: query,
		Interval: 45 * time.Second,
		Parallel: 4,
		Lookback: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour},
		Backfill: 60 * 24 * time.Hour,
	}
}

// NewDefaultRESTConfig returns the default settings of the section rest.
func NewDefaultRESTConfig() Config {
	return newDefaultConfig("/account-activities/v1", MaxActivities, "")
}

// NewDefaultSearchConfig returns the default settings of the section search.
func NewDefaultSearchConfig() Config { return newDefaultConfig("/search/v1", 1000, "*") }

// NewDefaultEventsConfig returns the default settings of the section events. Entitlement
// changes are of type ACCESS_ITEM.
func NewDefaultEventsConfig() Config {
	return newDefaultConfig("/search/v1", 1000, "type:PROVISIONING OR type:PASSWORD_ACTIVITY OR technicalName:ENTITLEMENT_*")
}
