// Package pollfeed reads the resources of the vendor's API: account activities and the
// search indexes.
package pollfeed

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// Feed reads a resource whose documents are ordered by a time: the newest at each
// poll, and the past once more, since documents change and appear late.
type Feed struct {
	name   string // of its part of the storage
	cfg    *Config
	set    feed.Settings
	client *apiclient.Client
	pages  pages
	intake *intake
	logger *zap.Logger
	worker feed.Worker

	checkpoint      checkpoint
	lastOverlapRead checkpoint         // when the longest lookback was read last, kept over a restart
	pending         *pendingActivities // of rest only
	pendingSaved    time.Time          // when pending was stored last
	lastRead        time.Time          // when new documents were requested last
	overlapRead     []time.Time        // when each lookback was read last, by the vendor's clock
	span            time.Duration      // of a window that has about windowPages pages
	progressLogged  time.Time
	documents       int64
	fresh           bool         // the poll under way brought something new
	readUntil       atomic.Int64 // all that was there by then was read, by the vendor's clock, ns since 1970
	confirmed       atomic.Int64 // when the checkpoint was last known to be current, ns since 1970
}

// NewREST makes the feeds of account activities, and what reconciles them. The second feed
// reads by created, because an activity that was never modified has no modified time.
func NewREST(cfg *Config, set feed.Settings, api *API) []component.Component {
	return api.assemble(cfg, set, func(in *intake) []*Feed {
		modified := newFeed("rest", cfg, set, api.client, restPages{cfg, "modified"}, in)
		modified.pending = &pendingActivities{}
		return []*Feed{modified, newFeed("rest-created", cfg, set, api.client, restPages{cfg, "created"}, in)}
	}, func(a *asker) reconcile.Vendor { return restVendor{a} })
}

// NewSearch makes the feed of the search index accountactivities, and what reconciles it.
func NewSearch(cfg *Config, set feed.Settings, api *API) []component.Component {
	return newIndex("search", cfg, set, api, "accountactivities", "modified")
}

// NewEvents makes the feed of the search index events, and what reconciles it.
func NewEvents(cfg *Config, set feed.Settings, api *API) []component.Component {
	return newIndex("events", cfg, set, api, "events", "created")
}

func newIndex(name string, cfg *Config, set feed.Settings, api *API, index, sort string) []component.Component {
	return api.assemble(cfg, set, func(in *intake) []*Feed {
		return []*Feed{newFeed(name, cfg, set, api.client, searchPages{cfg: cfg, index: index, sort: sort}, in)}
	}, func(a *asker) reconcile.Vendor { return searchVendor{a, index} })
}

func newFeed(name string, cfg *Config, set feed.Settings, client *apiclient.Client, p pages, in *intake) *Feed {
	return &Feed{
		name: name, cfg: cfg, set: set, client: client, pages: p, intake: in,
		logger: set.Logger.With(zap.String("feed", name)), overlapRead: make([]time.Time, len(cfg.Lookback)),
	}
}

// Start loads the checkpoint and begins to poll. It needs no network.
func (f *Feed) Start(ctx context.Context, host component.Host) error {
	client, err := f.set.Positions(ctx, host, f.name)
	if err != nil {
		return err
	}
	f.checkpoint = checkpoint{Client: client, key: keyPosition}
	f.lastOverlapRead = checkpoint{Client: client, key: keyLastOverlapRead}
	if err := f.load(ctx); err != nil {
		return errors.Join(err, client.Close(ctx))
	}
	f.confirmed.Store(time.Now().UnixNano())
	if err := f.set.Metrics.RegisterReceiverProvisioningCheckpointAgeCallback(f.observeAge); err != nil {
		return errors.Join(err, client.Close(ctx))
	}
	f.worker.Start(ctx)
	f.worker.Go(f.run)
	return nil
}

func (f *Feed) load(ctx context.Context) error {
	if f.pending != nil {
		err := f.pending.load(ctx, f.checkpoint.Client)
		if errors.Is(err, errDamaged) {
			f.logger.Error("activities that were pending are found by their modified time only", zap.Error(err))
		} else if err != nil {
			return err
		}
	}
	found, err := f.checkpoint.load(ctx)
	if err != nil && !errors.Is(err, errDamaged) {
		return err
	}
	if !found {
		f.checkpoint.high = f.client.Now().Add(-f.cfg.Backfill)
		if err != nil {
			f.logger.Error("the whole backfill is read; records that are known change nothing", zap.Error(err), zap.Duration("backfill", f.cfg.Backfill))
		}
	}
	if err := f.intake.begin(ctx, f.name, f.checkpoint.high); err != nil {
		return err
	}
	f.logger.Info("feed begins", zap.Time("from", f.checkpoint.high), zap.Bool("resumed", found))
	overlapRead, err := f.lastOverlapRead.load(ctx)
	if err != nil && !errors.Is(err, errDamaged) {
		return err
	}
	if found && !overlapRead {
		f.lastOverlapRead.high = f.checkpoint.high // nothing was accepted later
	}
	return nil
}

// Shutdown ends polling. What was read and not accepted is read after the next start.
func (f *Feed) Shutdown(ctx context.Context) error {
	if f.checkpoint.Client == nil {
		return nil
	}
	return errors.Join(f.worker.Stop(ctx), f.checkpoint.Close(ctx))
}

func (f *Feed) run(ctx context.Context) {
	pace := newPace(f.cfg.Interval)
	for {
		begun, throttled := time.Now(), f.client.Throttled()
		f.fresh = false
		if err := f.poll(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			f.logger.Error("the checkpoint stays and the poll is repeated", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace.after(f.fresh, f.client.Throttled() > throttled) - time.Since(begun)):
		}
	}
}

// observeAge reports how long ago the checkpoint was current.
func (f *Feed) observeAge(_ context.Context, o metric.Float64Observer) error {
	o.Observe(time.Since(time.Unix(0, f.confirmed.Load())).Seconds(), f.nameAttribute())
	return nil
}

// progress reports how far the feed is, and how a long catching-up goes.
func (f *Feed) progress(ctx context.Context, documents int) {
	f.documents += int64(documents)
	f.confirmed.Store(time.Now().UnixNano())
	behind := f.client.Now().Sub(f.checkpoint.high)
	f.set.Metrics.ReceiverProvisioningLag.Record(ctx, behind.Seconds(), f.nameAttribute())
	if behind < 10*time.Minute || time.Since(f.progressLogged) < 30*time.Second {
		return
	}
	f.progressLogged = time.Now()
	f.logger.Info("catching up", zap.Time("read_until", f.checkpoint.high), zap.Duration("behind", behind.Round(time.Second)), zap.Int64("documents", f.documents))
}

func (f *Feed) nameAttribute() metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("feed", f.name))
}
