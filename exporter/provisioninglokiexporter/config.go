package provisioninglokiexporter

import (
	"net/url"
	"regexp"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/internal/settings"
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
	var wrong settings.Problems
	u, err := url.Parse(c.ClientConfig.Endpoint)
	wrong.If(err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"),
		"endpoint: %q is not an http or https URL, for example http://127.0.0.1:3100", c.ClientConfig.Endpoint)
	wrong.If(c.ClientConfig.Compression != "", "compression: %q cannot be set, the push protocol prescribes snappy", c.ClientConfig.Compression)
	wrong.If(c.Quarantine.Directory == "", "quarantine::directory: must be set, it keeps the entries that Loki refuses for good")
	wrong.If(c.Timestamp != timestampObserved && c.Timestamp != timestampOccurred, "timestamp: %q is neither %q nor %q", c.Timestamp, timestampObserved, timestampOccurred)
	wrong.If(c.MaxRequestSize <= 0, "max_request_size: %d is not positive", c.MaxRequestSize)
	for name := range c.Labels {
		wrong.If(!labelName.MatchString(name), "labels: %q is no label name (letters, digits and _)", name)
		wrong.If(isOwnLabel(name), "labels: %q is set by the exporter from each record", name)
	}
	return wrong.Err()
}
