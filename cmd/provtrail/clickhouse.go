package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
)

// clickhouseForms are the notations of a ClickHouse on the command line, for help texts.
const clickhouseForms = "clickhouse://[user@]host:port/database of the native protocol (?secure=true for TLS; " +
	"the password comes from PROVTRAIL_CLICKHOUSE_PASSWORD or --password-file), or a collector's configuration, whose exporter provisioning_clickhouse is used"

// clickhouseFlags say which ClickHouse a command works on.
type clickhouseFlags struct{ address, passwordFile string }

func (c *clickhouseFlags) add(cmd *cobra.Command, name string) {
	f := cmd.Flags()
	f.StringVar(&c.address, name, defaultConfig, clickhouseForms)
	f.StringVar(&c.passwordFile, "password-file", "", "file with the password of the user")
}

// config is the exporter's configuration for the ClickHouse.
func (c *clickhouseFlags) config(ctx context.Context) (*provisioningclickhouseexporter.Config, error) {
	if !strings.Contains(c.address, "://") {
		return configuredExporter(ctx, c.address)
	}
	u, err := url.Parse(c.address)
	switch {
	case err != nil || u.Scheme != "clickhouse" || u.Host == "" || u.Port() == "":
		return nil, errors.New("the address of ClickHouse is none: write clickhouse://host:9000/database, or name a collector's configuration")
	case func() bool { _, given := u.User.Password(); return given }():
		return nil, errors.New("put the password into PROVTRAIL_CLICKHOUSE_PASSWORD, where other users of this machine do not see it")
	}
	cfg := provisioningclickhouseexporter.NewFactory().CreateDefaultConfig().(*provisioningclickhouseexporter.Config)
	cfg.Endpoints = []string{u.Host}
	if name := u.User.Username(); name != "" {
		cfg.Username = name
	}
	if database := strings.Trim(u.Path, "/"); database != "" {
		cfg.Database = database
	}
	if u.Query().Get("secure") == "true" {
		cfg.TLS = configoptional.Some(configtls.NewDefaultClientConfig())
	}
	cfg.Password, cfg.PasswordFile = configopaque.String(os.Getenv("PROVTRAIL_CLICKHOUSE_PASSWORD")), c.passwordFile
	cfg.TTL, cfg.RollupTTL, cfg.QuarantineTTL = 0, 0, 0 // only the collector removes what is expired
	return cfg, nil
}

// connect opens the ClickHouse.
func (c *clickhouseFlags) connect(ctx context.Context) (*provisioningclickhouseexporter.Client, error) {
	cfg, err := c.config(ctx)
	if err != nil {
		return nil, err
	}
	client, err := provisioningclickhouseexporter.Connect(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("ClickHouse of %s: %w", c.address, err)
	}
	return client, nil
}

// configuredExporter is the one exporter to ClickHouse of a collector's configuration.
func configuredExporter(ctx context.Context, file string) (found *provisioningclickhouseexporter.Config, err error) {
	cfg, err := readConfig(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("%s is no collector's configuration, nor an address such as clickhouse://host:9000/database: %w", file, err)
	}
	for _, e := range cfg.Exporters {
		if e, ok := e.(*provisioningclickhouseexporter.Config); ok {
			if found != nil {
				return nil, fmt.Errorf("%s has several exporters to ClickHouse: write the address, such as clickhouse://host:9000/database", file)
			}
			found = e
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no exporter provisioning_clickhouse", file)
	}
	return found, nil
}

// readConfig reads a collector's configuration.
func readConfig(ctx context.Context, file string) (cfg *otelcol.Config, err error) {
	factories, err := components()
	if err != nil {
		return nil, err
	}
	provider, err := otelcol.NewConfigProvider(otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
		URIs: []string{"file:" + file}, DefaultScheme: "env", ProviderFactories: configProviders(),
	}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, provider.Shutdown(ctx)) }()
	return provider.Get(ctx, factories)
}
