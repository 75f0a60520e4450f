package webhookfeed

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/provtrail/provtrail/internal/loopbackhttp"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config is the section webhook: an HTTP server that receives Provisioning Completed
// triggers. TLS, authentication and limits are the server's settings.
type Config struct {
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`

	// Path is where triggers are posted.
	Path string `mapstructure:"path"`

	// DeliveryTimeout is how long a request waits for the next consumer to accept it
	// before it is answered: 202 where it is on the disk and delivered later, 503
	// where there is no storage. The vendor does not send a trigger twice.
	DeliveryTimeout time.Duration `mapstructure:"delivery_timeout"`

	// MaxInFlight bounds the requests handled at once; more are answered 429.
	MaxInFlight int `mapstructure:"max_in_flight"`

	// MaxWaiting bounds the requests that wait on the disk; more are answered 429.
	MaxWaiting int `mapstructure:"max_waiting"`

	// AllowUnauthenticated accepts requests without authentication on an address that
	// is not loopback: for a proxy that authenticates.
	AllowUnauthenticated bool `mapstructure:"allow_unauthenticated"`

	_ struct{}
}

// NewDefaultConfig returns the default settings. The vendor gives up after ten seconds.
func NewDefaultConfig() Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "127.0.0.1:8088"
	server.MaxRequestBodySize = 4 << 20
	// A request that comes byte by byte must not occupy a place without end.
	server.ReadHeaderTimeout, server.ReadTimeout = 10*time.Second, 30*time.Second
	return Config{ServerConfig: server, Path: "/sailpoint", DeliveryTimeout: 4 * time.Second, MaxInFlight: 64, MaxWaiting: 10_000}
}

// Validate names every setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(!strings.HasPrefix(c.Path, "/"), "path is %q, must begin with /", c.Path)
	wrong.If(c.DeliveryTimeout <= 0, "delivery_timeout is %v, must be positive", c.DeliveryTimeout)
	wrong.If(c.MaxInFlight < 1, "max_in_flight is %d, must be positive", c.MaxInFlight)
	wrong.If(c.MaxWaiting < 1, "max_waiting is %d, must be positive", c.MaxWaiting)
	at := c.ServerConfig.NetAddr.Endpoint
	wrong.If(!c.isAuthenticated() && !loopbackhttp.IsLoopback(at),
		"auth must be set: endpoint %s is no loopback address, and whoever reaches it could make up activities; or set allow_unauthenticated where a proxy authenticates", at)
	return wrong.Err()
}

// isAuthenticated reports whether requests are authenticated, here or by a proxy. Otherwise
// requests of web pages are refused: see package loopbackhttp.
func (c *Config) isAuthenticated() bool {
	return c.ServerConfig.Auth.HasValue() || c.AllowUnauthenticated
}
