package pollfeed

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
)

// intake delivers the documents that the readers of a resource read, and remembers them for
// reconciliation.
type intake struct {
	cfg       *Config
	set       feed.Settings
	names     *SourceNames
	recent    *recentIDs
	delivered *reconcile.Delivered // nil: they are not remembered
}

// recentIDs remembers the newest records that were accepted, so that overlapping reads
// do not burden the pipeline with known records. It may forget: a record that comes
// twice is the same record in every store.
type recentIDs = lru.Cache[provisioning.ID, struct{}]

// maxRecentIDs is more than a day has for all but the largest tenants.
const maxRecentIDs = 1 << 17

func newRecentIDs() *recentIDs {
	ids, err := lru.New[provisioning.ID, struct{}](maxRecentIDs)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return ids
}

// begin records where a reader begins.
func (x *intake) begin(ctx context.Context, reader string, at time.Time) error {
	if x.delivered == nil {
		return nil
	}
	return x.delivered.Begin(ctx, reader, at)
}

// accept delivers the records of documents that are not known to be accepted already.
// understood is called with all observations before. fresh: something was delivered.
func (x *intake) accept(ctx context.Context, documents []json.RawMessage, understood func([]provisioning.Observation)) (fresh bool, err error) {
	var b delivery.Batch
	at := pcommon.NewTimestampFromTime(time.Now())
	remembered := x.parse(documents, at, &b)
	b.QuarantineRejected(x.set.Parser, at, x.cfg.Path, 0)
	for i := range b.Quarantined {
		b.Quarantined[i].Position = 0 // a page's rows move: the same text is the same record wherever it stands
	}
	if err := x.names.complete(ctx, b.Observations); err != nil {
		return false, err
	}
	understood(b.Observations)
	all := b.Len()
	b.Observations = slices.DeleteFunc(b.Observations, func(o provisioning.Observation) bool { return x.recent.Contains(o.EventID) })
	b.Quarantined = slices.DeleteFunc(b.Quarantined, func(q record.Quarantined) bool { return x.recent.Contains(record.QuarantineID(&q)) })
	if known := all - b.Len(); known > 0 {
		x.set.Metrics.ReceiverProvisioningDuplicates.Add(ctx, int64(known),
			metric.WithAttributes(attribute.String("feed", string(x.set.Parser.Feed))))
	}
	if err := x.set.Delivery.Deliver(ctx, &b); err != nil {
		return false, err
	}
	for i := range b.Observations {
		x.recent.Add(b.Observations[i].EventID, struct{}{})
	}
	for i := range b.Quarantined {
		x.recent.Add(record.QuarantineID(&b.Quarantined[i]), struct{}{})
	}
	if len(remembered) > 0 {
		if err := x.delivered.Add(ctx, remembered); err != nil {
			return false, err
		}
	}
	return b.Len() > 0, nil
}

// parse reads documents and returns what is to be remembered of them. A document without a
// created time is in no hour.
func (x *intake) parse(documents []json.RawMessage, at pcommon.Timestamp, b *delivery.Batch) (remembered []reconcile.Document) {
	for _, d := range documents {
		before := b.Mark()
		x.set.Parser.Parse(d, at, &b.Result)
		if x.delivered == nil {
			continue
		}
		identity := sailpoint.Identify(d)
		if identity.CreatedAt == 0 {
			continue
		}
		hour := reconcile.HourOf(identity.CreatedAt.AsTime())
		remembered = append(remembered, reconcile.Document{
			Hour: hour, Hash: hashOf(&identity, d), Class: classOf(b, before, identity.ID != "" && !x.byObservation()),
		})
		if !x.byObservation() {
			continue
		}
		for _, o := range b.Observations[before.Observations:] {
			remembered = append(remembered, reconcile.Document{
				Hour: hour, Hash: record.DocumentHash(o.EventID.String()), Class: reconcile.Observation(),
			})
		}
	}
	return remembered
}

// byObservation: several events may be one observation, so that no store has the ids of
// all of them. The digest has the ids of their observations, which never change.
func (x *intake) byObservation() bool { return x.set.Parser.Feed == provisioning.FeedEvents }

// hashOf identifies a document by its id, or by its content where it has no id.
func hashOf(identity *sailpoint.Identity, document []byte) uint64 {
	if identity.ID != "" {
		return record.DocumentHash(identity.ID)
	}
	return record.DocumentHash(string(document))
}

// classOf is what became of the document that was parsed since the mark.
func classOf(b *delivery.Batch, since sailpoint.Mark, byID bool) reconcile.Class {
	switch {
	case len(b.Observations) > since.Observations:
		return reconcile.Observed(byID)
	case len(b.Rejected) > since.Rejected:
		return reconcile.Quarantined()
	case len(b.Ignored) > since.Ignored:
		return reconcile.Ignored(b.Ignored[len(b.Ignored)-1].Reason)
	default:
		return reconcile.Ignored("")
	}
}

// split returns the documents of a list.
func split(list []byte) (documents []json.RawMessage) {
	_ = json.Unmarshal(list, &documents) // it is an array
	return documents
}
