package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// Settings is what a Reconciler needs of its feed.
type Settings struct {
	Config    *Config
	Tenant    string
	Feed      provisioning.Feed
	Vendor    Vendor
	Delivered *Delivered
	Logger    *zap.Logger
	Metrics   *metadata.TelemetryBuilder

	// CountLimit is the number at which the vendor may cut a count.
	CountLimit int64
	// Open opens the storage.
	Open func(ctx context.Context, host component.Host) (storage.Client, error)
	// Emit returns once the next consumer has accepted the statement.
	Emit func(ctx context.Context, r *record.Reconciliation) error
	// Now is the vendor's clock, Clock the machine's.
	Now, Clock func() time.Time
	// ReadUntil is the time, by the vendor's clock, until which all readers of the feed have
	// read what was there.
	ReadUntil func() time.Time
}

// Reconciler states, hour by hour, whether what a feed delivered is what the vendor has.
type Reconciler struct {
	set       Settings
	vendor    Vendor
	delivered *Delivered
	logger    *zap.Logger
	worker    feed.Worker
	unknown   bool // the last statement was that, and logged
}

// New makes a reconciler.
func New(set Settings) *Reconciler {
	return &Reconciler{
		set: set, vendor: set.Vendor, delivered: set.Delivered,
		logger: set.Logger.With(zap.String("feed", string(set.Feed))),
	}
}

// Start opens the storage and begins to reconcile. It comes before the start of the feed.
func (r *Reconciler) Start(ctx context.Context, host component.Host) error {
	client, err := r.set.Open(ctx, host)
	if err != nil {
		return err
	}
	if err := r.delivered.Open(ctx, client); err != nil {
		return errors.Join(err, r.delivered.Close(ctx))
	}
	feedName := metric.WithAttributes(attribute.String("feed", string(r.set.Feed)))
	if err := errors.Join(
		r.set.Metrics.RegisterReceiverProvisioningReconciliationMissingCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(r.delivered.missing(), feedName)
			return nil
		}),
		r.set.Metrics.RegisterReceiverProvisioningReconciliationNewestAgreedCallback(func(_ context.Context, o metric.Int64Observer) error {
			if h, ok := r.delivered.newestAgreed(); ok {
				o.Observe(h.End().Unix(), feedName)
			}
			return nil
		}),
	); err != nil {
		return errors.Join(err, r.delivered.Close(ctx))
	}
	r.worker.Start(ctx)
	r.worker.Go(r.run)
	return nil
}

// Shutdown ends reconciling. A pass that is under way is made after the next start.
func (r *Reconciler) Shutdown(ctx context.Context) error {
	return errors.Join(r.worker.Stop(ctx), r.delivered.Close(ctx))
}

// run makes the passes that are due, the newest hour first.
func (r *Reconciler) run(ctx context.Context) {
	idle := min(max(r.set.Config.Behind/60, 10*time.Millisecond), 15*time.Second)
	for ctx.Err() == nil {
		found, err := r.step(ctx)
		if err != nil && ctx.Err() == nil {
			r.logger.Error("an hour could not be reconciled; it is tried again", zap.Error(err))
		}
		if found && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(idle):
		}
	}
}

// step makes the pass that is due first.
func (r *Reconciler) step(ctx context.Context) (found bool, err error) {
	readUntil, now := r.set.ReadUntil(), r.set.Now()
	if readUntil.IsZero() {
		return false, nil
	}
	oldest := now.Add(-r.set.Config.Retention)
	if own := r.set.Clock().Add(-r.set.Config.Retention); own.Before(oldest) {
		oldest = own // one wrong clock must not make it forget
	}
	if err := r.delivered.expire(ctx, oldest); err != nil {
		return false, err
	}
	h, s, found := r.delivered.next(r.set.Config, readUntil, now)
	if !found {
		return false, nil
	}
	return true, r.pass(ctx, h, s, now)
}

// pass asks about an hour, emits what is new, and stores that it did.
func (r *Reconciler) pass(ctx context.Context, h Hour, s state, now time.Time) error {
	f, delivered, err := r.find(ctx, h, &s)
	if err != nil {
		return err
	}
	stated := statement{
		Verdict: f.verdict, Method: f.method, VendorCount: f.count, Missing: f.missing,
		Observed: delivered.Observed(), Ignored: delivered.Ignored(), Quarantined: delivered.Quarantined(), Digest: delivered.Digest,
	}
	isNew := s.Passes == 0 || stated != s.Stated
	s.advance(r.set.Config.planned(h, now), stated, r.set.Now())
	r.set.Metrics.ReceiverProvisioningReconciliationPasses.Add(ctx, 1, metric.WithAttributes(
		attribute.String("feed", string(r.set.Feed)), attribute.String("verdict", string(f.verdict))))
	if isNew {
		statement := r.record(h, &s, &f, &delivered)
		if err := r.set.Emit(ctx, &statement); err != nil {
			return err
		}
		r.log(&statement)
	}
	return r.delivered.done(ctx, h, s)
}

// advance records a pass.
func (s *state) advance(planned int, stated statement, now time.Time) {
	if s.Passes > 0 && stated.VendorCount == s.Stated.VendorCount && stated.Missing == s.Stated.Missing && stated.Method == s.Stated.Method {
		s.Same++
	} else {
		s.Same = 0
	}
	s.Retries++
	if planned > s.Planned {
		s.Planned, s.Retries = planned, 0
	}
	s.Passes++
	s.Asked, s.Stated = now, stated
	// The newest statement holds, so the order of times is that of the passes although clocks jump.
	s.Stamped = clock.Latest(time.Now().Truncate(time.Millisecond), s.Stamped.Add(time.Millisecond))
}

// find compares an hour, and has it read again where the vendor does not agree.
func (r *Reconciler) find(ctx context.Context, h Hour, s *state) (finding, Summary, error) {
	first, before, err := r.ask(ctx, h)
	if err != nil {
		return finding{}, before, err
	}
	if first.agrees(&before) {
		return finding{answer: first, verdict: record.VerdictAgreed, reason: first.reason}, before, nil
	}
	l, err := r.reread(ctx, h)
	if err != nil {
		return finding{}, before, err
	}
	a, delivered := first, Summary{}
	if first.method == "" {
		delivered, err = r.delivered.Summary(ctx, h)
	} else { // the vendor may have gone on meanwhile
		a, delivered, err = r.ask(ctx, h)
	}
	if err != nil {
		return finding{}, delivered, err
	}
	if a.count != first.count && a.method != "" && delivered == before && !a.agrees(&delivered) {
		a = answer{reason: fmt.Sprintf("the vendor counts %d and then %d, while nothing new is shown", first.count, a.count)}
	}
	again := s.Passes > 0 && a.count == s.Stated.VendorCount && a.count-delivered.Total() == s.Stated.Missing
	return judge(a, &l, &delivered, again), delivered, nil
}

// ask counts an hour. While documents of it are delivered it counts once more, so that both
// numbers are of the same moment.
func (r *Reconciler) ask(ctx context.Context, h Hour) (a answer, delivered Summary, err error) {
	before, err := r.delivered.Summary(ctx, h)
	for range 3 {
		if err != nil {
			return a, delivered, err
		}
		if a, err = r.count(ctx, h); err != nil {
			return a, delivered, err
		}
		if delivered, err = r.delivered.Summary(ctx, h); err != nil || delivered == before {
			return a, delivered, err
		}
		before = delivered
	}
	return a, delivered, nil
}

// reread reads an hour again and compares what the vendor lists with what was delivered.
func (r *Reconciler) reread(ctx context.Context, h Hour) (l listing, err error) {
	lacks := func(hashes []uint64) ([]bool, error) { return r.delivered.Lacks(ctx, h, hashes) }
	listed, err := r.vendor.Reread(ctx, h.Start(), h.End(), lacks)
	if ctx.Err() != nil {
		return l, context.Cause(ctx)
	}
	l.err = err
	l.listed = int64(len(listed))
	hashes := make([]uint64, 0, len(listed))
	for hash := range listed {
		hashes = append(hashes, hash)
	}
	lacking, err := lacks(hashes)
	if err != nil {
		return l, err
	}
	for i, lack := range lacking {
		if !lack {
			continue
		}
		l.lacking++
		if id := listed[hashes[i]]; id != "" && len(l.ids) < record.MaxMissingIDs {
			l.ids = append(l.ids, id)
		}
	}
	return l, nil
}
