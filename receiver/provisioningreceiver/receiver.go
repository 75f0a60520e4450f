package provisioningreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/storageclient"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// feed is one place that observations come from.
type feed interface {
	// start begins reading; it needs no network.
	start(ctx context.Context, host component.Host) error
	// stop ends reading; what was read and not accepted is read again after the
	// next start.
	stop(ctx context.Context) error
}

type logsReceiver struct {
	cfg   *Config
	set   receiver.Settings
	next  consumer.Logs
	feeds []feed

	telemetry *metadata.TelemetryBuilder
	client    *client
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*logsReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	r := &logsReceiver{cfg: cfg, set: set, next: next, telemetry: telemetry}
	if cfg.File.HasValue() {
		sink, err := r.sink(provisioning.FeedFile)
		if err != nil {
			return nil, err
		}
		r.feeds = append(r.feeds, newFileFeed(cfg.File.Get(), set, sink, r.storage))
	}
	if cfg.Webhook.HasValue() {
		sink, err := r.sink(provisioning.FeedWebhook)
		if err != nil {
			return nil, err
		}
		open := r.storage
		if cfg.Storage == nil {
			open = nil
		}
		r.feeds = append(r.feeds, newWebhookFeed(cfg.Webhook.Get(), set, sink, open))
	}
	return r, r.polls()
}

// polls makes the feeds that poll the vendor's API; they share one client.
func (r *logsReceiver) polls() error {
	if !r.cfg.API.HasValue() {
		return nil
	}
	r.client = newClient(r.cfg.API.Get(), r.set.Logger, r.telemetry)
	names := &sourceNames{client: r.client}
	known := map[provisioning.Feed]*seen{provisioning.FeedREST: {}, provisioning.FeedSearch: {}, provisioning.FeedEvents: {}}
	add := func(name string, from provisioning.Feed, cfg *PollConfig, how pages, open *openActivities) error {
		sink, err := r.sink(from)
		if err != nil {
			return err
		}
		r.feeds = append(r.feeds, &pollFeed{
			name: name, cfg: cfg, sink: sink, client: r.client, names: names, storage: r.storage, pages: how, seen: known[from], open: open,
		})
		return nil
	}
	var errs error
	if cfg := r.cfg.REST.Get(); r.cfg.REST.HasValue() {
		// An activity that was never modified has no modified time.
		errs = errors.Join(errs,
			add("rest", provisioning.FeedREST, cfg, restPages{cfg, "modified"}, &openActivities{}),
			add("rest-created", provisioning.FeedREST, cfg, restPages{cfg, "created"}, nil))
	}
	if cfg := r.cfg.Search.Get(); r.cfg.Search.HasValue() {
		errs = errors.Join(errs, add("search", provisioning.FeedSearch, cfg, searchPages{cfg, "accountactivities", "modified"}, nil))
	}
	if cfg := r.cfg.Events.Get(); r.cfg.Events.HasValue() {
		errs = errors.Join(errs, add("events", provisioning.FeedEvents, cfg, searchPages{cfg, "events", "created"}, nil))
	}
	return errors.Join(errs, r.observe())
}

// Start starts the feeds in order; those started are stopped again if one fails.
func (r *logsReceiver) Start(ctx context.Context, host component.Host) error {
	if r.client != nil {
		if err := r.client.open(ctx, host, r.set.TelemetrySettings); err != nil {
			return err
		}
	}
	for i, f := range r.feeds {
		if err := f.start(ctx, host); err != nil {
			r.feeds = r.feeds[:i]
			return errors.Join(err, r.Shutdown(ctx))
		}
	}
	return nil
}

// Shutdown stops the feeds.
func (r *logsReceiver) Shutdown(ctx context.Context) error {
	var errs error
	for _, f := range r.feeds {
		errs = errors.Join(errs, f.stop(ctx))
	}
	r.feeds = nil
	r.telemetry.Shutdown()
	if r.client != nil {
		r.client.close()
	}
	return errs
}

func (r *logsReceiver) parser(from provisioning.Feed) *sailpoint.Parser {
	return &sailpoint.Parser{Tenant: r.cfg.Tenant, Feed: from, PassedMeans: passedMeans[r.cfg.PassedMeans]}
}

// storage opens the feed's part of the configured storage, or one in memory.
func (r *logsReceiver) storage(ctx context.Context, host component.Host, name string) (storage.Client, error) {
	if r.cfg.Storage == nil {
		r.set.Logger.Warn("no storage is configured: the position of feed " + name +
			" is kept in memory and everything is read again after a restart; set storage to a storage extension")
		return storage.NewNopClient(), nil
	}
	return storageclient.Open(ctx, host, *r.cfg.Storage, storageclient.Owner{Kind: component.KindReceiver, ID: r.set.ID, Name: name})
}
