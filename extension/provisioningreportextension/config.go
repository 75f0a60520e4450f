package provisioningreportextension

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/loopbackhttp"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config of the extension.
type Config struct {
	Server confighttp.ServerConfig `mapstructure:",squash"`

	// Directory is the directory of the archive, or the URL of a bucket and a directory in it.
	Directory string `mapstructure:"directory"`
	// PublicKey is the PEM file with the archive's public key, for download. Empty: the
	// one that the exporter writes beside the directory.
	PublicKey string `mapstructure:"public_key"`
	// SigningKey is the PEM file with the archive's signing key, which signs the manifests of
	// reports and evidence packs. Empty: the one beside the directory, if it exists.
	SigningKey string `mapstructure:"signing_key"`
	// PersonalKeys is the key store of persons, with which an archive with privacy is decrypted.
	// Empty: the one beside the directory, if it exists.
	PersonalKeys string `mapstructure:"personal_keys"`
	// MaxDownloads is how many of the archive's files are downloaded at the same time.
	MaxDownloads int `mapstructure:"max_downloads"`
	// MaxRange is the longest period that may be asked for; zero is without limit.
	MaxRange time.Duration `mapstructure:"max_range"`
	// MaxConcurrent is how many reports are made at the same time, and how many pages.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// PageTimeout bounds the time in which a page is made.
	PageTimeout time.Duration `mapstructure:"page_timeout"`
	// StallTimeout ends a download of which the reader has taken nothing for so long.
	StallTimeout time.Duration `mapstructure:"stall_timeout"`
	// AllowUnauthenticated serves everybody who reaches an address that is not
	// loopback: for a proxy that authenticates.
	AllowUnauthenticated bool `mapstructure:"allow_unauthenticated"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "127.0.0.1:8480"
	server.ReadHeaderTimeout = 10 * time.Second
	server.WriteTimeout = 0 // a report takes as long as it is long
	return &Config{
		Server: server, Directory: "./data/archive", MaxRange: 93 * 24 * time.Hour, MaxConcurrent: 2, MaxDownloads: 8,
		PageTimeout: 30 * time.Second, StallTimeout: time.Minute,
	}
}

// Validate names the setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(c.Directory == "", "`directory` must name the directory or bucket of the archive")
	wrong.If(c.MaxRange < 0, "`max_range` must not be negative, is %s", c.MaxRange)
	wrong.If(c.MaxConcurrent < 1, "`max_concurrent` must be at least 1, is %d", c.MaxConcurrent)
	for _, t := range []struct {
		name string
		is   time.Duration
	}{{"page_timeout", c.PageTimeout}, {"stall_timeout", c.StallTimeout}} {
		wrong.If(t.is <= 0, "`%s` must be more than 0, is %s", t.name, t.is)
	}
	wrong.If(c.MaxDownloads < 1, "`max_downloads` must be at least 1, is %d", c.MaxDownloads)
	wrong.If(!c.guarded() && !loopbackhttp.IsLoopback(c.Server.NetAddr.Endpoint), "`auth` must be set: `endpoint` %s is no loopback address, and reports name people; or set `allow_unauthenticated` where a proxy authenticates", c.Server.NetAddr.Endpoint)
	return wrong.Err()
}

// guarded says whether somebody is asked who they are, here or by a proxy. Otherwise
// requests of web pages are refused: see loopbackhttp.
func (c *Config) guarded() bool { return c.Server.Auth.HasValue() || c.AllowUnauthenticated }

// publicKey is where the archive's public key lies; empty where nobody said.
func (c *Config) publicKey() string {
	if c.PublicKey != "" || archive.IsURL(c.Directory) {
		return c.PublicKey
	}
	return archive.PublicKeyPath(archive.DefaultKeyFile(c.Directory))
}
