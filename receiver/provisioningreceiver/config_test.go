package provisioningreceiver

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/filefeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/pollfeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/webhookfeed"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

var storageID = component.MustNewID("file_storage")

func TestConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	section, err := conf.Sub("provisioning")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, section.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, "127.0.0.1:9088", cfg.Webhook.Get().ServerConfig.NetAddr.Endpoint)
	require.Equal(t, "/hook", cfg.Webhook.Get().Path)
	require.EqualValues(t, 1000, cfg.Webhook.Get().ServerConfig.MaxRequestBodySize)
	require.Equal(t, 4*time.Second, cfg.Webhook.Get().DeliveryTimeout)
	cfg.Webhook = configoptional.Default(webhookfeed.NewDefaultConfig())
	require.Equal(t, &Config{
		Webhook: configoptional.Default(webhookfeed.NewDefaultConfig()),
		API:     configoptional.Default(apiclient.NewDefaultConfig()), REST: configoptional.Default(pollfeed.NewDefaultRESTConfig()),
		Search: configoptional.Default(pollfeed.NewDefaultSearchConfig()), Events: configoptional.Default(pollfeed.NewDefaultEventsConfig()),
		Reconcile: reconcile.Config{Enabled: true, Behind: 20 * time.Minute, Again: []time.Duration{2 * time.Hour}, Retention: 720 * time.Hour, BudgetShare: 0.2},
		Tenant:    "acme", PassedStatus: "success", Storage: &storageID, Redact: RedactConfig{Names: []string{"badgeNo"}},
		File: configoptional.Some(filefeed.Config{
			Include: []string{"data/in/*.json", "data/drop/"}, Exclude: []string{"**/*.tmp"}, StartAt: "end",
			PollInterval: 5 * time.Second, SweepInterval: 2 * time.Minute, Columns: map[string]string{"Ticket no.": "tracking_number"}, MaxDocumentSize: 1 << 20, IncompleteTimeout: 10 * time.Second,
			FingerprintSize: 1024, MaxConcurrentFiles: 16, Compression: "auto",
		}),
	}, cfg)
}

func TestSectionsAloneTakeTheDefaults(t *testing.T) {
	conf := confmap.NewFromStringMap(map[string]any{
		"api":  map[string]any{"endpoint": "https://acme.api.identitynow.com", "client_id": "me", "client_secret": "hush"},
		"rest": nil, "search": nil, "events": map[string]any{"interval": "1m", "lookback": []any{"10m"}}, "webhook": nil,
	})
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, pollfeed.NewDefaultRESTConfig(), *cfg.REST.Get())
	require.Equal(t, pollfeed.NewDefaultSearchConfig(), *cfg.Search.Get())
	require.Equal(t, []time.Duration{10 * time.Minute}, cfg.Events.Get().Lookback)
	require.Equal(t, time.Minute, cfg.Events.Get().Interval)
	require.Equal(t, 95, cfg.API.Get().RequestsPer10s)
	require.Equal(t, time.Minute, cfg.API.Get().ClientConfig.Timeout)
	require.Equal(t, "127.0.0.1:8088", cfg.Webhook.Get().ServerConfig.NetAddr.Endpoint)
	require.NotContains(t, fmt.Sprint(cfg.API.Get()), "hush")

	cfg.API = configoptional.Default(apiclient.NewDefaultConfig())
	require.ErrorContains(t, confmap.Validate(cfg), "api must be set")
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		cfg := createDefaultConfig().(*Config)
		file := filefeed.NewDefaultConfig()
		file.Include = []string{"x"}
		cfg.File = configoptional.Some(file)
		require.NoError(t, confmap.Validate(cfg))
		change(cfg)
		require.ErrorContains(t, confmap.Validate(cfg), want)
	}
	f("tenant must not be empty", func(c *Config) { c.Tenant = "" })
	f(`passed_status is "maybe"`, func(c *Config) { c.PassedStatus = "maybe" })
	f("redact: names[1] is empty", func(c *Config) { c.Redact.Names = []string{"a", " "} })
	f("no feed is configured", func(c *Config) { c.File = configoptional.Default(filefeed.NewDefaultConfig()) })
	f("path is", func(c *Config) {
		webhook := webhookfeed.NewDefaultConfig()
		webhook.Path = "hook"
		c.Webhook = configoptional.Some(webhook)
	})
	f("include must name", func(c *Config) { c.File.Get().Include = nil })
	f("start_at is", func(c *Config) { c.File.Get().StartAt = "middle" })
	f("poll_interval is 0s", func(c *Config) { c.File.Get().PollInterval = 0 })
	f("sweep_interval is 0s", func(c *Config) { c.File.Get().SweepInterval = 0 })
	f(`columns: "Ticket" is "ticket", want one of account,`, func(c *Config) { c.File.Get().Columns = map[string]string{"Ticket": "ticket"} })
	f("max_document_size is 5 bytes", func(c *Config) { c.File.Get().MaxDocumentSize = 5 })
	f("incomplete_timeout is 0s", func(c *Config) { c.File.Get().IncompleteTimeout = 0 })
	f("fingerprint_size is 1 bytes", func(c *Config) { c.File.Get().FingerprintSize = 1 })
	f("max_concurrent_files is 0", func(c *Config) { c.File.Get().MaxConcurrentFiles = 0 })
	f("file: include[0] is \"a[b\"", func(c *Config) { c.File.Get().Include[0] = "a[b" })
	f("rest: page_size is 251", func(c *Config) {
		rest := pollfeed.NewDefaultRESTConfig()
		rest.PageSize = 251
		c.REST = configoptional.Some(rest)
	})
	f("reconcile: behind is 0s", func(c *Config) { c.Reconcile.Behind = 0 })
	f("reconcile: again is [10m0s]", func(c *Config) { c.Reconcile.Again = []time.Duration{10 * time.Minute} })
	f("reconcile: retention is 24h0m0s", func(c *Config) { c.Reconcile.Retention = 24 * time.Hour })
	f("reconcile: budget_share is 2", func(c *Config) { c.Reconcile.BudgetShare = 2 })
	f(`compression is "zip"`, func(c *Config) { c.File.Get().Compression = "zip" })
}
