package provisioningprocessor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/cache"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/locks"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// folder is the processor. A batch goes through it so:
//
//	take      observations by group, everything else in its place
//	lock      the groups touched, each by a lock of its own
//	load      their states, from the cache or the store
//	borrow    what other collectors told of them, from the history
//	fold      merge, Resolve before and after, find what is to be told (copies only)
//	apply     1. next consumer  2. one transaction in the store  3. cache, metrics
//
// An error at any point goes back to the sender with its batch as it was, to be sent
// again; nothing was changed then but what the next consumer may have accepted, and
// that is told again with the same ids.
type folder struct {
	cfg        *Config
	id         component.ID
	logger     *zap.Logger
	next       consumer.Logs
	telemetry  *metrics
	thresholds change.Thresholds
	retention  change.Retention
	now        func() time.Time

	history history.Store // nil for none
	locks   locks.Locks
	store   store.Store
	cache   *cache.Cache // nil where the store is memory itself

	// generation is part of every version; it grows when what was told may not
	// be what the store has.
	generation atomic.Uint32
	doubt      atomic.Uint64 // when that was last, nanoseconds since 1970
	since      atomic.Uint32 // the generation it began
	totals     atomic.Pointer[totals]

	commits sync.Mutex    // orders the transactions and guards stale and bound's writes
	stale   bool          // the stored meta may be newer than ours
	bound   atomic.Uint32 // stored: no generation above it was used

	stop context.CancelFunc
	done sync.WaitGroup
}

func newProcessor(set processor.Settings, cfg *Config, next consumer.Logs) (*folder, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	f := &folder{
		cfg: cfg, id: set.ID, logger: set.Logger, next: next, now: time.Now,
		telemetry:  &metrics{builder: builder, known: map[series]metric.MeasurementOption{}},
		thresholds: cfg.thresholds(),
		retention:  change.Retention{Closed: cfg.Retention, Open: cfg.OpenRetention},
	}
	f.totals.Store(&totals{})
	return f, nil
}

// Capabilities implements consumer.Logs: the records are moved on.
func (*folder) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// ConsumeLogs implements consumer.Logs.
func (f *folder) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	now := f.timestamp()
	in := take(logs, now)
	if len(in.groups) == 0 && in.unreadable == 0 {
		return f.next.ConsumeLogs(ctx, logs)
	}
	defer f.locks.Lock(in.keys)()
	before, err := f.load(ctx, in.keys, in.groups)
	if err != nil {
		return err
	}
	told, err := f.borrow(ctx, in, before)
	if err != nil {
		return err
	}
	if err := f.reserved(ctx); err != nil {
		return err
	}
	t := transaction{out: in.out, unreadable: in.unreadable}
	for i, key := range in.keys {
		others, taken := told[key]
		base := &before[i]
		if taken {
			borrowed := base.Borrow(others.Observations)
			base = &borrowed
			t.taken++
		}
		f.fold(&t, key, &before[i], base, taken, &in.groups[i], now)
	}
	in.finish()
	if err := f.apply(ctx, &t); err != nil {
		in.restore()
		return err
	}
	return nil
}

// fold merges what arrived for one group into the transaction. Where the group was
// taken over, base is what is known of it now and before what this collector knew.
func (f *folder) fold(t *transaction, key groupKey, before, base *state.Group, taken bool, in *arrivals, now pcommon.Timestamp) {
	merged := base.MergeBorrowed(in.observations)
	for _, i := range merged.Duplicates {
		t.duplicates = append(t.duplicates, in.observations[i].Feed)
	}
	if !merged.Changed() && !taken {
		return
	}
	after := merged.Group
	after.Touched = now
	generation := f.generation.Load()
	told := change.Find(change.Input{
		Before: before, After: &after, Arrivals: in.observations, Added: merged.Added, Moved: merged.Moved,
		Generation: generation, Since: f.since.Load(), Taken: taken,
		Doubt: pcommon.Timestamp(f.doubt.Load()), Thresholds: &f.thresholds,
	})
	if told.Whole {
		after.Told = generation
	}
	if f.history != nil {
		after.Version = change.Version(generation, after.Revision(), true)
	}
	for i := range told.Records {
		if i < len(told.Observed) {
			in.tell(told.Observed[i], &told.Records[i])
			continue
		}
		t.tell(&told.Records[i], in.place())
	}
	t.summarize(told.Summary, in.place())

	alarm := change.Alarm(&after, told.After, &f.thresholds, f.retention, now)
	final := change.Final(told.After)
	newAlarm := before.Alarm == 0 || alarm < before.Alarm || final
	if newAlarm {
		after.Alarm = alarm
	}
	t.put(key, before, &after, &told, newAlarm, final)
}

func (f *folder) timestamp() pcommon.Timestamp { return pcommon.NewTimestampFromTime(f.now()) }
