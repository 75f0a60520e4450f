package provisioninglokiexporter

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// Times an entry can carry.
const (
	timestampObserved = "observed"
	timestampOccurred = "occurred"
)

// Config is the exporter's configuration. Besides the settings of its own it has
// those of the Collector's HTTP client (endpoint, tls, headers, auth, timeout).
type Config struct {
	ClientConfig confighttp.ClientConfig                                  `mapstructure:",squash"`
	QueueConfig  configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	RetryConfig  configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`

	// Labels are put on every stream beside tenant, source, status and kind.
	Labels map[string]string `mapstructure:"labels"`

	// Timestamp is the time an entry carries: "observed", when it was first
	// received, or "occurred", the vendor's time (observed where there is none).
	Timestamp string `mapstructure:"timestamp"`

	// MaxRequestSize is the size a push request may reach before compression, in
	// bytes. It must stay below Loki's ingestion_burst_size_mb.
	MaxRequestSize int `mapstructure:"max_request_size"`

	// Quarantine keeps the entries that Loki refuses for good.
	Quarantine QuarantineConfig `mapstructure:"quarantine"`

	_ struct{}
}

// QuarantineConfig is the place of entries that Loki refuses for good.
type QuarantineConfig struct {
	// Directory of the files refused-YYYY-MM-DD.ndjson. It is created when absent.
	Directory string `mapstructure:"directory"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// Validate names every setting that cannot work.
func (c *Config) Validate() error {
	var errs []error
	if u, err := url.Parse(c.ClientConfig.Endpoint); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		errs = append(errs, fmt.Errorf("endpoint: %q is not an http or https URL, for example http://127.0.0.1:3100", c.ClientConfig.Endpoint))
	}
	if c.ClientConfig.Compression != "" {
		errs = append(errs, fmt.Errorf("compression: %q cannot be set, the push protocol prescribes snappy", c.ClientConfig.Compression))
	}
	if c.Quarantine.Directory == "" {
		errs = append(errs, errors.New("quarantine::directory: must be set, it keeps the entries that Loki refuses for good"))
	}
	if c.Timestamp != timestampObserved && c.Timestamp != timestampOccurred {
		errs = append(errs, fmt.Errorf("timestamp: %q is neither %q nor %q", c.Timestamp, timestampObserved, timestampOccurred))
	}
	if c.MaxRequestSize <= 0 {
		errs = append(errs, fmt.Errorf("max_request_size: %d is not positive", c.MaxRequestSize))
	}
	for name := range c.Labels {
		if !labelName.MatchString(name) {
			errs = append(errs, fmt.Errorf("labels: %q is no label name (letters, digits and _)", name))
		}
		if isOwnLabel(name) {
			errs = append(errs, fmt.Errorf("labels: %q is set by the exporter from each record", name))
		}
	}
	return errors.Join(errs...)
}
