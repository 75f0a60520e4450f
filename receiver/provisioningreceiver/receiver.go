package provisioningreceiver

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/storageclient"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/filefeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/pollfeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/webhookfeed"
)

// logsReceiver is made of parts: for each feed its delivery and itself, and the client that
// the polling feeds share.
type logsReceiver struct {
	metrics *metadata.TelemetryBuilder
	parts   []component.Component // in the order of their start
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*logsReceiver, error) {
	metrics, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	b := builder{set: set, cfg: cfg, next: next, metrics: metrics}
	if cfg.File.HasValue() {
		b.add(provisioning.FeedFile, func(s feed.Settings) { b.parts = append(b.parts, filefeed.New(cfg.File.Get(), s)) })
	}
	if cfg.Webhook.HasValue() {
		b.add(provisioning.FeedWebhook, func(s feed.Settings) { b.parts = append(b.parts, webhookfeed.New(cfg.Webhook.Get(), s)) })
	}
	if cfg.API.HasValue() {
		b.addPolls()
	}
	if b.err != nil {
		metrics.Shutdown()
		return nil, b.err
	}
	return &logsReceiver{metrics: metrics, parts: b.parts}, nil
}

// Start starts the parts in order; where one fails, those started are stopped.
func (r *logsReceiver) Start(ctx context.Context, host component.Host) error {
	for i, p := range r.parts {
		if err := p.Start(ctx, host); err != nil {
			r.parts = r.parts[:i]
			return errors.Join(err, r.Shutdown(ctx))
		}
	}
	return nil
}

// Shutdown stops the parts in reverse order.
func (r *logsReceiver) Shutdown(ctx context.Context) error {
	var errs error
	for _, p := range slices.Backward(r.parts) {
		errs = errors.Join(errs, p.Shutdown(ctx))
	}
	r.parts = nil
	r.metrics.Shutdown()
	return errs
}

// builder makes the parts of a receiver.
type builder struct {
	set     receiver.Settings
	cfg     *Config
	next    consumer.Logs
	metrics *metadata.TelemetryBuilder

	parts []component.Component
	err   error
}

// add makes the delivery of a feed, and then the feed.
func (b *builder) add(name provisioning.Feed, makeFeed func(feed.Settings)) {
	d, err := delivery.New(name, b.set, b.metrics, b.next)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	b.parts = append(b.parts, d)
	settings := feed.Settings{
		TelemetrySettings: b.set.TelemetrySettings, Metrics: b.metrics, Delivery: d,
		Parser: &sailpoint.Parser{Tenant: b.cfg.Tenant, Feed: name, PassedStatus: passedStatuses[b.cfg.PassedStatus], Secrets: sailpoint.NewRedactor(b.cfg.Redact.Names)},
	}
	if b.cfg.Storage != nil {
		settings.OpenStorage = b.openStorage
	}
	makeFeed(settings)
}

// addPolls makes the feeds that poll the vendor's API; they share one client.
func (b *builder) addPolls() {
	client := apiclient.New(b.cfg.API.Get(), b.set.TelemetrySettings, b.metrics)
	b.parts = append(b.parts, client)
	api := pollfeed.NewAPI(client, &b.cfg.Reconcile)
	poll := func(name provisioning.Feed, cfg *configoptional.Optional[pollfeed.Config], makeParts func(*pollfeed.Config, feed.Settings, *pollfeed.API) []component.Component) {
		if cfg.HasValue() {
			b.add(name, func(s feed.Settings) { b.parts = append(b.parts, makeParts(cfg.Get(), s, api)...) })
		}
	}
	poll(provisioning.FeedREST, &b.cfg.REST, pollfeed.NewREST)
	poll(provisioning.FeedSearch, &b.cfg.Search, pollfeed.NewSearch)
	poll(provisioning.FeedEvents, &b.cfg.Events, pollfeed.NewEvents)
}

func (b *builder) openStorage(ctx context.Context, host component.Host, name string) (storage.Client, error) {
	return storageclient.Open(ctx, host, *b.cfg.Storage, storageclient.Owner{Kind: component.KindReceiver, ID: b.set.ID, Name: name})
}
