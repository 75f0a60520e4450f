package provisioninglokiexporter

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadata"
)

type lokiExporter struct {
	config     *Config
	settings   component.TelemetrySettings
	logger     *zap.Logger
	telemetry  *metadata.TelemetryBuilder
	maker      entryMaker
	client     client
	quarantine quarantine
}

func newLokiExporter(cfg *Config, set exporter.Settings) (*lokiExporter, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &lokiExporter{
		config:     cfg,
		settings:   set.TelemetrySettings,
		logger:     set.Logger,
		telemetry:  telemetry,
		maker:      entryMaker{static: cfg.Labels, occurred: cfg.Timestamp == timestampOccurred},
		client:     client{url: pushURL(cfg.ClientConfig.Endpoint), agent: set.BuildInfo.Command + "/" + set.BuildInfo.Version},
		quarantine: quarantine{directory: cfg.Quarantine.Directory, now: time.Now},
	}, nil
}

func (e *lokiExporter) start(ctx context.Context, host component.Host) (err error) {
	if err := e.quarantine.open(); err != nil {
		return err
	}
	if e.client.http, err = e.config.ClientConfig.ToClient(ctx, host.GetExtensions(), e.settings); err != nil {
		return err
	}
	// Following a redirect would take headers and entries to an address nobody configured.
	e.client.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return nil
}

func (e *lokiExporter) shutdown(context.Context) error {
	if e.client.http != nil {
		e.client.http.CloseIdleConnections()
	}
	e.telemetry.Shutdown()
	return nil
}

// push returns nil when every record is in Loki or in the quarantine directory.
// Otherwise its error carries the records to be tried again.
func (e *lokiExporter) push(ctx context.Context, ld plog.Logs) error {
	d := deliver(ctx, &e.client, e.maker.entries(ld), e.config.MaxRequestSize)
	e.count(ctx, d)
	if len(d.refused) > 0 {
		if err := e.keep(ctx, d.refused); err != nil {
			d.err = err
			for _, r := range d.refused {
				d.retryable = append(d.retryable, r.entry)
			}
		}
	}
	if len(d.retryable) == 0 {
		return nil
	}
	return consumererror.NewLogs(d.err, logsOf(d.retryable))
}

func (e *lokiExporter) keep(ctx context.Context, refused []refusedEntry) error {
	if err := e.quarantine.keep(refused); err != nil {
		return fmt.Errorf("%d entries that Loki refuses could not be written to quarantine::directory %s (kept, tried again): %w",
			len(refused), e.quarantine.directory, err)
	}
	for _, r := range refused {
		e.telemetry.ProvisioningLokiRefusedEntries.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", reasonOf(r.why))))
	}
	first := refused[0]
	e.logger.Error("Loki refuses entries for good. They are in the quarantine directory and can be pushed again from there.",
		zap.Int("entries", len(refused)), zap.String("directory", e.quarantine.directory),
		zap.String("reason", reasonOf(first.why)), zap.String("answer", first.why.Error()),
		zap.String("first_stream", first.labels), zap.Time("first_timestamp", first.push.Timestamp))
	return nil
}

func (e *lokiExporter) count(ctx context.Context, d *delivery) {
	e.telemetry.ProvisioningLokiEntries.Add(ctx, int64(d.accepted))
	for outcome, n := range d.requests {
		e.telemetry.ProvisioningLokiRequests.Add(ctx, int64(n), metric.WithAttributes(attribute.String("outcome", outcome)))
	}
}
