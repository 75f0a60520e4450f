package provisioningprocessor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/locks"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// correlator is the processor. A batch goes through it so:
//
//	split      observations by group, everything else in its place
//	lock       the groups touched, each by a lock of its own
//	load       their states from the store
//	adopt      what other collectors emitted of them, from the history
//	correlate  merge, Resolve before and after, find what is to be emitted (copies only)
//	apply      1. next consumer  2. one transaction in the store  3. metrics
//
// An error at any point goes back to the sender with its batch as it was, to be sent
// again; nothing was changed then but what the next consumer may have accepted, and
// that is emitted again with the same ids.
type correlator struct {
	cfg        *Config
	logger     *zap.Logger
	next       consumer.Logs
	telemetry  *metrics
	thresholds change.Thresholds
	errors     *errorclass.Classifier
	retention  change.Retention
	clock      *clock.Clock
	now        func() time.Time // the believed time
	openStore  func() (store.Store, error)

	history history.Store // nil for none
	loss    loss
	locks   locks.Locks
	store   store.Store
	names   *nameCache

	// epoch is part of every version; it grows when what was emitted may not be what
	// the store has.
	epoch            atomic.Uint32
	lastInterruption atomic.Uint64 // when the epoch last grew for that, nanoseconds since 1970
	epochStart       atomic.Uint32 // the epoch that the last interruption began
	totals           atomic.Pointer[totals]

	commits       sync.Mutex    // orders the transactions and guards what follows
	stale         bool          // the stored meta may be newer than ours
	reservedEpoch atomic.Uint32 // stored: no epoch above it was used
	corrections   uint64        // number of the newest correction

	timers sync.Mutex    // held while timers and corrections are handled
	wake   chan struct{} // a correction was stored
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func newProcessor(set processor.Settings, cfg *Config, next consumer.Logs) (*correlator, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := &correlator{
		cfg: cfg, logger: set.Logger, next: next, clock: clock.New(nil, nil),
		telemetry:  &metrics{builder: builder, known: map[series]metric.MeasurementOption{}},
		thresholds: cfg.thresholds(),
		retention:  change.Retention{Closed: cfg.Retention, Open: cfg.OpenRetention},
		wake:       make(chan struct{}, 1),
	}
	c.clock.BelieveAfter(patience)
	c.now = c.clock.Now
	c.openStore = c.openConfigured
	c.totals.Store(&totals{})
	return c, nil
}

// Capabilities implements consumer.Logs: the records are moved on.
func (*correlator) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// ConsumeLogs implements consumer.Logs.
func (c *correlator) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	in := split(logs, c.timestamp())
	now := c.received(in.observations)
	if len(in.groups) == 0 && in.unreadable == 0 {
		return c.next.ConsumeLogs(ctx, logs)
	}
	defer c.locks.Lock(in.keys)()
	before, err := c.load(ctx, in.keys, in.groups)
	if err != nil {
		return err
	}
	stored, err := c.storedByOthers(ctx, in, before)
	if err != nil {
		return err
	}
	epoch, err := c.reserved(ctx)
	if err != nil {
		return err
	}
	names := c.lookup(ctx)
	for i := range in.observations {
		names.learn(&in.observations[i])
	}
	t := transaction{epoch: epoch, out: in.out, unreadable: in.unreadable, names: names}
	for i, key := range in.keys {
		others, adopted := stored[key]
		base := &before[i]
		if adopted {
			merged := base.Adopt(others.Observations)
			base = &merged
			t.adopted++
		}
		c.correlate(&t, key, &before[i], base, adopted, &in.groups[i], names, now)
	}
	in.finish()
	if err := names.failed(); err != nil {
		in.restore()
		return err
	}
	if err := c.apply(ctx, &t); err != nil {
		in.restore()
		return err
	}
	return nil
}

// correlate merges what arrived for one group into the transaction. Where the group was
// taken over, base is what is known of it now and before what this collector knew.
func (c *correlator) correlate(t *transaction, key groupKey, before, base *state.Group, adopted bool, in *arrivals, names *nameLookup, now pcommon.Timestamp) {
	merged := base.MergeAdopted(in.observations)
	for _, i := range merged.Duplicates {
		t.duplicates = append(t.duplicates, in.observations[i].Feed)
	}
	if !merged.Changed() && !adopted {
		return
	}
	after := merged.Group
	after.Touched = now
	epoch := t.epoch
	thresholds := names.thresholds(c.thresholds, in.observations[0].Tenant)
	found := change.Find(change.Input{
		Before: before, After: &after, Arrivals: in.observations, Added: merged.Added, Fuller: merged.Fuller, Moved: merged.Moved,
		SourceName: names.of(in.observations[0].Tenant),
		Epoch:      epoch, EpochStart: c.epochStart.Load(), Adopted: adopted,
		LastInterruption: pcommon.Timestamp(c.lastInterruption.Load()), Thresholds: thresholds, Errors: c.errors,
	})
	if found.Full {
		after.EmittedEpoch = epoch
	}
	if c.history != nil {
		after.Version = change.Version(epoch, after.Revision(), true)
	}
	for i := range found.Records {
		if i < len(found.Observed) {
			in.emit(found.Observed[i], &found.Records[i])
			continue
		}
		t.emit(&found.Records[i], in.place())
	}
	t.summarize(found.Summary, in.place())

	timer := change.Timer(&after, found.After, thresholds, c.retention, now)
	newTimer := before.Timer == 0 || timer < before.Timer || change.Final(found.After)
	if newTimer {
		after.Timer = timer
	}
	t.put(key, before, &after, &found, newTimer)
}
