package provisioningreceiver

import (
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/provtrail/provtrail/internal/settings"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/filefeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/pollfeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/webhookfeed"
)

// Config is the receiver's configuration. A feed is on when its section is there.
type Config struct {
	// Tenant names the organisation of the identity system; it is in every record
	// and every id.
	Tenant string `mapstructure:"tenant"`

	// PassedStatus is the status of a trigger's SUCCESS and an event's PASSED:
	// committed (performed on the source, not yet verified) or success, for
	// tenants that run without the rest feed.
	PassedStatus string `mapstructure:"passed_status"`

	// Storage is the storage extension that keeps the feeds' positions over a
	// restart. Without one they are kept in memory and everything is read once more.
	Storage *component.ID `mapstructure:"storage"`

	// Redact adds to the secrets that are hidden.
	Redact RedactConfig `mapstructure:"redact"`

	// File reads documents from files.
	File configoptional.Optional[filefeed.Config] `mapstructure:"file"`

	// Webhook receives Provisioning Completed triggers.
	Webhook configoptional.Optional[webhookfeed.Config] `mapstructure:"webhook"`

	// API is the vendor's API, for the feeds rest, search and events.
	API configoptional.Optional[apiclient.Config] `mapstructure:"api"`

	// REST reads account activities, the only source of all six statuses.
	REST configoptional.Optional[pollfeed.Config] `mapstructure:"rest"`

	// Search reads the search index accountactivities.
	Search configoptional.Optional[pollfeed.Config] `mapstructure:"search"`

	// Events reads the search index events.
	Events configoptional.Optional[pollfeed.Config] `mapstructure:"events"`

	// Reconcile asks the vendor how many documents the feeds rest, search and events should
	// have delivered.
	Reconcile reconcile.Config `mapstructure:"reconcile"`

	_ struct{}
}

// RedactConfig is the section redact. The values of passwords, tokens and the like are
// hidden without it.
type RedactConfig struct {
	// Names are further attributes whose values are hidden, in any case.
	Names []string `mapstructure:"names"`

	_ struct{}
}

// Validate names the entry that is wrong.
func (c *RedactConfig) Validate() error {
	var wrong settings.Problems
	for i, name := range c.Names {
		wrong.If(strings.TrimSpace(name) == "", "names[%d] is empty, want the name of an attribute", i)
	}
	return wrong.Err()
}

var passedStatuses = map[string]provisioning.Status{
	"committed": provisioning.StatusCommitted,
	"success":   provisioning.StatusSuccess,
}

// Validate checks the configuration as a whole; the feeds check themselves.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(c.Tenant == "", "tenant must not be empty")
	_, known := passedStatuses[c.PassedStatus]
	wrong.Unless(known, "passed_status is %q, want committed or success", c.PassedStatus)
	if rest := c.REST.Get(); rest != nil {
		wrong.If(rest.PageSize > pollfeed.MaxActivities, "rest: page_size is %d, the vendor gives at most %d", rest.PageSize, pollfeed.MaxActivities)
	}
	polls := c.REST.HasValue() || c.Search.HasValue() || c.Events.HasValue()
	wrong.If(polls && !c.API.HasValue(), "api must be set for the feeds rest, search and events")
	wrong.If(!polls && !c.File.HasValue() && !c.Webhook.HasValue(), "no feed is configured: write at least one of the sections rest, search, events, webhook, file")
	return wrong.Err()
}
