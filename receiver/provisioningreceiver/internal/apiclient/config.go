package apiclient

import (
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/provtrail/provtrail/internal/settings"
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
	var wrong settings.Problems
	wrong.If(c.ClientConfig.Endpoint == "", "endpoint must be set, e.g. https://acme.api.identitynow.com")
	wrong.If((c.ClientID == "") != (c.ClientSecret == ""), "client_id and client_secret must be set together")
	wrong.If(c.RequestsPer10s < 1, "requests_per_10s is %d, must be positive", c.RequestsPer10s)
	wrong.If(c.MaxResponseSize < 1, "max_response_size is %d bytes, must be positive", c.MaxResponseSize)
	return wrong.Err()
}
