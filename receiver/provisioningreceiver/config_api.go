package provisioningreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
)

// APIConfig is the section api: the vendor's API, which the feeds rest, search and
// events share. Endpoint, TLS, proxy, time-out and auth are the HTTP client's settings.
type APIConfig struct {
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// ClientID and ClientSecret are a personal access token's or an API client's.
	// Without them the client's auth extension is used.
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`

	// TokenURL is where tokens come from; empty: what <endpoint>/oauth/info says.
	TokenURL string `mapstructure:"token_url"`

	// RequestsPer10s is the budget of all feeds together. The vendor allows a
	// client 100.
	RequestsPer10s int `mapstructure:"requests_per_10s"`

	// MaxResponseSize bounds an answer, in bytes.
	MaxResponseSize int64 `mapstructure:"max_response_size"`

	// SourcesPath is where names of sources are looked up; empty: nowhere.
	SourcesPath string `mapstructure:"sources_path"`

	_ struct{}
}

// Validate names every setting that is wrong.
func (c *APIConfig) Validate() error {
	var errs error
	if c.ClientConfig.Endpoint == "" {
		errs = errors.Join(errs, errors.New("endpoint must be set, e.g. https://acme.api.identitynow.com"))
	}
	if (c.ClientID == "") != (c.ClientSecret == "") {
		errs = errors.Join(errs, errors.New("client_id and client_secret must be set together"))
	}
	if c.RequestsPer10s < 1 {
		errs = errors.Join(errs, fmt.Errorf("requests_per_10s is %d, must be positive", c.RequestsPer10s))
	}
	if c.MaxResponseSize < 1 {
		errs = errors.Join(errs, fmt.Errorf("max_response_size is %d bytes, must be positive", c.MaxResponseSize))
	}
	return errs
}

func defaultAPIConfig() APIConfig {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = time.Minute
	return APIConfig{ClientConfig: client, RequestsPer10s: 95, MaxResponseSize: 64 << 20, SourcesPath: "/sources/v1"}
}

// PollConfig says when a polling feed reads what. The feeds rest, search and events
// each have one.
type PollConfig struct {
	// Path of the resource below the API's endpoint.
	Path string `mapstructure:"path"`

	// PageSize is the number of documents asked for at once.
	PageSize int `mapstructure:"page_size"`

	// Interval is how often new documents are asked for, in the mean: two thirds of
	// it while something new comes, up to four thirds while nothing does.
	Interval time.Duration `mapstructure:"interval"`

	// Overlaps are how far back is read again, for documents that appear late. The
	// first at each poll, the others every quarter of their length.
	Overlaps []time.Duration `mapstructure:"overlaps"`

	// Backfill is how far back the first start begins: the vendor keeps 60 days.
	Backfill time.Duration `mapstructure:"backfill"`

	// Parallel is how many stretches of a long period, such as the backfill, are read
	// at the same time.
	Parallel int `mapstructure:"parallel"`

	// Query selects documents of the search index (search and events).
	Query string `mapstructure:"query"`

	_ struct{}
}

// Validate names every setting that is wrong.
func (c *PollConfig) Validate() error {
	var errs error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = errors.Join(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Path != "" && c.Path[0] == '/', "path is %q, must begin with /", c.Path)
	check(c.PageSize > 0 && c.PageSize <= 10_000, "page_size is %d, must be between 1 and 10000", c.PageSize)
	check(c.Parallel > 0 && c.Parallel <= 32, "parallel is %d, must be between 1 and 32", c.Parallel)
	check(c.Interval > 0, "interval is %v, must be positive", c.Interval)
	check(len(c.Overlaps) > 0, "overlaps must hold at least one duration")
	for i, o := range c.Overlaps {
		check(o > 0 && (i == 0 || o > c.Overlaps[i-1]), "overlaps must be positive and grow, not %v", c.Overlaps)
	}
	check(c.Backfill > 0, "backfill is %v, must be positive", c.Backfill)
	return errs
}

func defaultPollConfig(path string, pageSize int, query string) PollConfig {
	return PollConfig{
		Path: path, PageSize: pageSize, Query: query,
		Interval: 45 * time.Second,
		Parallel: 4,
		Overlaps: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour},
		Backfill: 60 * 24 * time.Hour,
	}
}

// mostActivities is the largest page of account activities.
const mostActivities = 250

func defaultRESTConfig() PollConfig {
	return defaultPollConfig("/account-activities/v1", mostActivities, "")
}

func defaultSearchConfig() PollConfig { return defaultPollConfig("/search/v1", 1000, "*") }

// Entitlement changes are of type ACCESS_ITEM.
func defaultEventsConfig() PollConfig {
	return defaultPollConfig("/search/v1", 1000, "type:PROVISIONING OR type:PASSWORD_ACTIVITY OR technicalName:ENTITLEMENT_*")
}
