package provisioningreceiver

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
)

// WebhookConfig is the section webhook: an HTTP server that receives Provisioning
// Completed triggers. TLS, authentication and limits are the server's settings.
type WebhookConfig struct {
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`

	// Path is where triggers are posted.
	Path string `mapstructure:"path"`

	// Patience is how long a request waits for the next consumer to accept before
	// it is answered: 202 where it waits on, on the disk, and 503 where there is no
	// storage. The vendor does not send a trigger again.
	Patience time.Duration `mapstructure:"patience"`

	// MaxInFlight bounds the requests handled at once; more are answered 429.
	MaxInFlight int `mapstructure:"max_in_flight"`

	// MaxWaiting bounds the requests that wait on the disk; more are answered 429.
	MaxWaiting int `mapstructure:"max_waiting"`

	// AllowUnauthenticated hears everybody who reaches an address that is not
	// loopback: for a proxy that authenticates.
	AllowUnauthenticated bool `mapstructure:"allow_unauthenticated"`

	_ struct{}
}

// Validate names every setting that is wrong.
func (c *WebhookConfig) Validate() error {
	var errs error
	if !strings.HasPrefix(c.Path, "/") {
		errs = errors.Join(errs, fmt.Errorf("path is %q, must begin with /", c.Path))
	}
	if c.Patience <= 0 {
		errs = errors.Join(errs, fmt.Errorf("patience is %v, must be positive", c.Patience))
	}
	if c.MaxInFlight < 1 {
		errs = errors.Join(errs, fmt.Errorf("max_in_flight is %d, must be positive", c.MaxInFlight))
	}
	if c.MaxWaiting < 1 {
		errs = errors.Join(errs, fmt.Errorf("max_waiting is %d, must be positive", c.MaxWaiting))
	}
	if at := c.ServerConfig.NetAddr.Endpoint; !c.guarded() && !loopback(at) {
		errs = errors.Join(errs, fmt.Errorf("auth must be set: endpoint %s is no loopback address, and whoever reaches it could make up activities; or set allow_unauthenticated where a proxy authenticates", at))
	}
	return errs
}

// guarded says whether somebody is asked who they are, here or by a proxy. Otherwise
// requests of web pages are refused: see loopbackhttp.
func (c *WebhookConfig) guarded() bool {
	return c.ServerConfig.Auth.HasValue() || c.AllowUnauthenticated
}

func loopback(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func defaultWebhookConfig() WebhookConfig {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "127.0.0.1:8088"
	server.MaxRequestBodySize = 4 << 20
	// A request that comes byte by byte must not hold one of the places for ever.
	server.ReadHeaderTimeout, server.ReadTimeout = 10*time.Second, 30*time.Second
	return WebhookConfig{ServerConfig: server, Path: "/sailpoint", Patience: 10 * time.Second, MaxInFlight: 64, MaxWaiting: 10_000}
}
