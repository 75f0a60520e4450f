package demo

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
)

// addresses are where everything is, read from the collector's own configuration
// so that it is stated once.
type addresses struct {
	native, http, database          string
	data, archive, input, simulated string
	health, metrics, report         string
}

func readAddresses(ctx context.Context, configFile string) (addresses, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"file:" + configFile},
		DefaultScheme:     "env",
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
	})
	if err != nil {
		return addresses{}, err
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return addresses{}, err
	}
	text := func(key string) string { return fmt.Sprint(conf.Get(key)) }
	data := filepath.Dir(text("exporters::provisioning_parquet::directory"))
	return addresses{
		native:    text("extensions::clickhouse_embedded::native_endpoint"),
		http:      text("extensions::clickhouse_embedded::http_endpoint"),
		database:  text("exporters::provisioning_clickhouse::database"),
		data:      data,
		archive:   text("exporters::provisioning_parquet::directory"),
		input:     filepath.Join(data, "input"),
		simulated: filepath.Join(data, "simulated"),
		health:    text("extensions::health_check::http::endpoint"),
		metrics:   metricsAddress(conf),
		report:    text("extensions::provisioning_report::endpoint"),
	}, resolver.Shutdown(ctx)
}

// free returns an error where something answers at one of the addresses: what a demo showed would be
// another collector's.
func (a addresses) free(ctx context.Context) error {
	for _, address := range []string{a.native, a.http, a.health, a.report} {
		var dialer net.Dialer
		if c, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			_ = c.Close()
			return fmt.Errorf("something listens on %s already: stop the provtrail that runs, or choose other addresses and another folder with the PROVTRAIL_ variables of the configuration", address)
		}
	}
	return nil
}

// metricsAddress is that of the first reader, which serves Prometheus.
func metricsAddress(conf *confmap.Conf) string {
	var telemetry struct {
		Readers []struct {
			Pull struct {
				Exporter struct {
					Prometheus struct {
						Host string `mapstructure:"host"`
						Port int    `mapstructure:"port"`
					} `mapstructure:"prometheus"`
				} `mapstructure:"exporter"`
			} `mapstructure:"pull"`
		} `mapstructure:"readers"`
	}
	sub, err := conf.Sub("service::telemetry::metrics")
	if err != nil || sub.Unmarshal(&telemetry, confmap.WithIgnoreUnused()) != nil || len(telemetry.Readers) == 0 {
		return ""
	}
	at := telemetry.Readers[0].Pull.Exporter.Prometheus
	return fmt.Sprintf("%s:%d", at.Host, at.Port)
}
