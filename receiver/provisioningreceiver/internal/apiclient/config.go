package apiclient

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
)

// Config is the section api: the vendor's API, which the feeds rest, search and
// events share. Endpoint, TLS, proxy, timeout and auth are the HTTP client's settings.
type Config struct {
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// ClientID and ClientSecret are of a personal access token or an API client.
	// Without them the HTTP client's auth extension is used.
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`

	// TokenURL is where tokens come from; empty: the tokenEndpoint of
	// <endpoint>/oauth/info.
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

// NewDefaultConfig returns the default settings.
func NewDefaultConfig() Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = time.Minute
	return Config{ClientConfig: client, RequestsPer10s: 95, MaxResponseSize: 64 << 20, SourcesPath: "/sources/v1"}
}

// Validate names every setting that is wrong.
func (c *Config) Validate() error {
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
