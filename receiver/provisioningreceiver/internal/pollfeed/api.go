package pollfeed

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"golang.org/x/time/rate"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// API is what the polling feeds share.
type API struct {
	client    *apiclient.Client
	names     *SourceNames
	reconcile *reconcile.Config
	share     *rate.Limiter // of reconciliation
	countCut  int64         // the number at which counts may be cut
}

// NewAPI makes what the feeds share.
func NewAPI(client *apiclient.Client, cfg *reconcile.Config) *API {
	return &API{client: client, names: NewSourceNames(client), reconcile: cfg, share: client.Share(cfg.BudgetShare), countCut: maxSearchPage}
}

// assemble makes the readers of a resource and what reconciles them. Reconciliation needs
// the storage: without it nothing is known of what was delivered before a restart.
func (a *API) assemble(cfg *Config, set feed.Settings, makeReaders func(*intake) []*Feed, vendor func(*asker) reconcile.Vendor) []component.Component {
	in := &intake{cfg: cfg, set: set, names: a.names, recent: newRecentIDs()}
	var parts []component.Component
	readers := makeReaders(in)
	name := set.Parser.Feed
	switch {
	case !a.reconcile.Enabled:
	case set.OpenStorage == nil:
		set.Logger.Warn("no storage is configured: feed " + string(name) + " is not reconciled with the vendor's counts; set storage to a storage extension")
	default:
		in.delivered = reconcile.NewDelivered(set.Logger)
		parts = append(parts, reconcile.New(reconcile.Settings{
			Config: a.reconcile, Tenant: set.Parser.Tenant, Feed: name, Delivered: in.delivered, CountLimit: a.countCut,
			Vendor: vendor(&asker{feed: string(name), client: a.client, share: a.share, intake: in}),
			Logger: set.Logger, Metrics: set.Metrics, Now: a.client.Now, Clock: a.client.Clock,
			ReadUntil: func() time.Time { return readUntil(readers) },
			Open: func(ctx context.Context, host component.Host) (storage.Client, error) {
				return set.OpenStorage(ctx, host, "reconcile-"+string(name))
			},
			Emit: func(ctx context.Context, r *record.Reconciliation) error {
				return set.Delivery.Deliver(ctx, &delivery.Batch{Reconciliations: []record.Reconciliation{*r}})
			},
		}))
	}
	for _, r := range readers {
		parts = append(parts, r)
	}
	return parts
}

// readUntil is the time until which all readers have read; zero: one has not yet.
func readUntil(readers []*Feed) (until time.Time) {
	for _, r := range readers {
		at := r.readUntil.Load()
		if at == 0 {
			return time.Time{}
		}
		if t := time.Unix(0, at); until.IsZero() || t.Before(until) {
			until = t
		}
	}
	return until
}
