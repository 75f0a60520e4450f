package provisioningreceiver

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/provtrail/provtrail/provisioning"
)

// Config is the receiver's configuration. A feed is on when its section is there.
type Config struct {
	// Tenant names the organisation of the identity system; it is in every record
	// and every id.
	Tenant string `mapstructure:"tenant"`

	// PassedMeans is what a trigger's SUCCESS and an event's PASSED say:
	// committed (performed on the source, not yet verified) or success, for
	// tenants that run without the rest feed.
	PassedMeans string `mapstructure:"passed_means"`

	// Storage is the storage extension that keeps the feeds' positions over a
	// restart. Without one they are kept in memory and everything is read again.
	Storage *component.ID `mapstructure:"storage"`

	// File reads documents from files.
	File configoptional.Optional[FileConfig] `mapstructure:"file"`

	// Webhook receives Provisioning Completed triggers.
	Webhook configoptional.Optional[WebhookConfig] `mapstructure:"webhook"`

	// API is the vendor's API, for the feeds rest, search and events.
	API configoptional.Optional[APIConfig] `mapstructure:"api"`

	// REST reads account activities, the only place that tells all six statuses.
	REST configoptional.Optional[PollConfig] `mapstructure:"rest"`

	// Search reads the search index accountactivities.
	Search configoptional.Optional[PollConfig] `mapstructure:"search"`

	// Events reads the search index events.
	Events configoptional.Optional[PollConfig] `mapstructure:"events"`

	_ struct{}
}

var errNoFeed = errors.New("no feed is configured: write at least one of the sections rest, search, events, webhook, file")

// Validate checks the configuration as a whole; the feeds check themselves.
func (c *Config) Validate() error {
	var errs error
	if c.Tenant == "" {
		errs = errors.Join(errs, errors.New("tenant must not be empty"))
	}
	if _, ok := passedMeans[c.PassedMeans]; !ok {
		errs = errors.Join(errs, fmt.Errorf("passed_means is %q, want committed or success", c.PassedMeans))
	}
	if c.REST.HasValue() && c.REST.Get().PageSize > mostActivities {
		errs = errors.Join(errs, fmt.Errorf("rest: page_size is %d, the vendor gives at most %d", c.REST.Get().PageSize, mostActivities))
	}
	polls := c.REST.HasValue() || c.Search.HasValue() || c.Events.HasValue()
	if polls && !c.API.HasValue() {
		errs = errors.Join(errs, errors.New("api must be set for the feeds rest, search and events"))
	}
	if !polls && !c.File.HasValue() && !c.Webhook.HasValue() {
		errs = errors.Join(errs, errNoFeed)
	}
	return errs
}

var passedMeans = map[string]provisioning.Status{
	"committed": provisioning.StatusCommitted,
	"success":   provisioning.StatusSuccess,
}
