package provisioningreceiver

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// pollFeed reads a resource whose documents are in the order of a time: the newest
// at each poll, and the past again, since documents change and appear late.
type pollFeed struct {
	name    string // of its part of the storage
	cfg     *PollConfig
	sink    *sink
	client  *client
	names   *sourceNames
	storage openStorage
	pages   pages

	checkpoint checkpoint
	looked     checkpoint // when the longest overlap was read last, kept over a restart
	seen       *seen
	open       *openActivities // of rest only
	saved      time.Time       // when those were stored last
	asked      time.Time       // when what is new was asked for last
	reread     []time.Time     // when each overlap was read last, by the vendor's clock
	span       time.Duration   // of a window that holds about windowPages pages
	told       time.Time       // when progress was logged last
	rows       int64
	fresh      bool         // the poll under way brought something new
	confirmed  atomic.Int64 // when the checkpoint was last known to hold, ns since 1970

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// pages is how a resource is paged.
type pages interface {
	// ask is the request of the page at a cursor.
	ask(c *cursor) (method, path, body string)
	// at is the time that documents are in the order of.
	at(r *row) string
	// next moves the cursor behind a page; false: it was the last.
	next(c *cursor, rows []row) bool
}

// cursor is a place in a scan.
type cursor struct {
	from, until time.Time
	offset      int
	after       []string
}

// row is what paging needs of a document.
type row struct {
	ID       string `json:"id"`
	Created  string `json:"created"`
	Modified string `json:"modified"`
	time     time.Time
}

func (r *row) field(name string) string {
	if name == "created" {
		return r.Created
	}
	return r.Modified
}

func (f *pollFeed) start(ctx context.Context, host component.Host) error {
	f.sink.host = host
	client, err := f.storage(ctx, host, f.name)
	if err != nil {
		return err
	}
	f.checkpoint = checkpoint{Client: client, key: keyPosition}
	f.looked = checkpoint{Client: client, key: keyLooked}
	if f.open != nil {
		if err := f.open.load(ctx, client); err != nil {
			return errors.Join(err, client.Close(ctx))
		}
	}
	found, err := f.checkpoint.load(ctx)
	if err != nil && !errors.Is(err, errDamaged) {
		return errors.Join(err, client.Close(ctx))
	}
	if !found {
		f.checkpoint.high = time.Now().Add(-f.cfg.Backfill)
		if err != nil {
			f.log().Error("reading the whole backfill again; records that are known change nothing", zap.Error(err), zap.Duration("backfill", f.cfg.Backfill))
		}
	}
	f.log().Info("feed begins", zap.Time("from", f.checkpoint.high), zap.Bool("resumed", found))
	f.confirmed.Store(time.Now().UnixNano())
	f.reread = make([]time.Time, len(f.cfg.Overlaps))
	looked, err := f.looked.load(ctx)
	if err != nil && !errors.Is(err, errDamaged) {
		return errors.Join(err, client.Close(ctx))
	}
	if found && !looked {
		f.looked.high = f.checkpoint.high // nothing was accepted later
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.done.Go(func() { f.run(running) })
	return nil
}

func (f *pollFeed) stop(ctx context.Context) error {
	if f.cancel == nil {
		return nil
	}
	f.cancel()
	f.done.Wait()
	return f.checkpoint.Close(ctx)
}

func (f *pollFeed) log() *zap.Logger {
	return f.sink.set.Logger.With(zap.String("feed", f.name))
}

func (f *pollFeed) run(ctx context.Context) {
	pace := newPace(f.cfg.Interval)
	for {
		begun, refused := time.Now(), f.client.refused.Load()
		f.fresh = false
		if err := f.poll(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			f.log().Error("the checkpoint stays and the poll is repeated", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace.after(f.fresh, f.client.refused.Load() > refused) - time.Since(begun)):
		}
	}
}

// poll reads what is new, and the overlaps that are due, the longest only: it
// covers the others.
func (f *pollFeed) poll(ctx context.Context) error {
	if err := f.readNew(ctx); err != nil {
		return err
	}
	now := f.client.now()
	for i := len(f.cfg.Overlaps) - 1; i > 0; i-- {
		overlap, last := f.cfg.Overlaps[i], f.reread[i]
		if since := now.Sub(last); since >= 0 && since < overlap/4 {
			continue
		}
		if last.IsZero() {
			last = f.looked.high // the longest is read first
		}
		if err := f.scan(ctx, f.lookBack(now, last, overlap), false); err != nil {
			return err
		}
		for j := range i + 1 {
			f.reread[j] = now
		}
		if i == len(f.cfg.Overlaps)-1 {
			return f.looked.set(ctx, now)
		}
		break
	}
	return nil
}

func (f *pollFeed) readNew(ctx context.Context) error {
	f.asked = time.Now()
	if err := f.scan(ctx, f.checkpoint.high.Add(-f.cfg.Overlaps[0]), true); err != nil {
		return err
	}
	return f.readOpen(ctx)
}

// lookBack is where an overlap is read again from: a document that appears as late as
// the overlap is long appeared after the last look, so that one counts, not this one.
func (f *pollFeed) lookBack(now, last time.Time, overlap time.Duration) time.Time {
	from := now.Add(-overlap - overlap/4)
	if last.Before(now) && !last.IsZero() {
		from = last.Add(-overlap)
	}
	if oldest := now.Add(-f.cfg.Backfill); from.Before(oldest) {
		return oldest
	}
	return from
}

// saveOpen stores which activities are open, before the checkpoint moves past them, but
// not at each page of a long scan.
func (f *pollFeed) saveOpen(ctx context.Context) error {
	if f.open == nil || time.Since(f.saved) < 10*time.Second {
		return nil
	}
	f.saved = time.Now()
	return f.open.save(ctx)
}

// readOpen reads open activities again by id.
func (f *pollFeed) readOpen(ctx context.Context) error {
	if f.open == nil {
		return nil
	}
	for _, id := range f.open.due(time.Now()) {
		path := f.cfg.Path + "/" + url.PathEscape(id)
		answer, err := f.client.get(ctx, string(f.sink.feed), path, id)
		if errors.Is(err, errGone) {
			f.open.forget(id)
			continue
		}
		if err != nil {
			return err
		}
		if err := f.accept(ctx, answer); err != nil {
			return err
		}
	}
	return f.open.save(ctx)
}

// accept delivers what a page gives and is not known to be accepted already.
func (f *pollFeed) accept(ctx context.Context, answer []byte) error {
	var b batch
	at := pcommon.NewTimestampFromTime(time.Now())
	f.sink.parser.Parse(answer, at, &b.Result)
	f.sink.quarantine(&b, at, f.cfg.Path, 0)
	for i := range b.quarantined {
		b.quarantined[i].Position = 0 // a page's rows move: the same text is the same record wherever it stands
	}
	if err := f.names.complete(ctx, b.Observations); err != nil {
		return err
	}
	if f.open != nil {
		f.open.note(b.Observations, time.Now())
	}
	all := len(b.Observations) + len(b.quarantined)
	b.Observations = slices.DeleteFunc(b.Observations, func(o provisioning.Observation) bool { return f.seen.has(o.EventID) })
	b.quarantined = slices.DeleteFunc(b.quarantined, func(q record.Quarantined) bool { return f.seen.has(record.QuarantineID(&q)) })
	if known := all - len(b.Observations) - len(b.quarantined); known > 0 {
		f.sink.telemetry.ReceiverProvisioningDuplicates.Add(ctx, int64(known),
			metric.WithAttributes(attribute.String("feed", string(f.sink.feed))))
	}
	if err := f.sink.deliver(ctx, &b); err != nil {
		return err
	}
	f.fresh = f.fresh || len(b.Observations)+len(b.quarantined) > 0
	for i := range b.Observations {
		f.seen.add(b.Observations[i].EventID)
	}
	for i := range b.quarantined {
		f.seen.add(record.QuarantineID(&b.quarantined[i]))
	}
	return nil
}

// progress tells how far the feed is, and how a long catching-up goes.
func (f *pollFeed) progress(ctx context.Context, rows int) {
	f.rows += int64(rows)
	f.confirmed.Store(time.Now().UnixNano())
	behind := f.client.now().Sub(f.checkpoint.high)
	f.sink.telemetry.ReceiverProvisioningLag.Record(ctx, behind.Seconds(), metric.WithAttributes(attribute.String("feed", f.name)))
	if behind < 10*time.Minute || time.Since(f.told) < 30*time.Second {
		return
	}
	f.told = time.Now()
	f.log().Info("catching up", zap.Time("read_until", f.checkpoint.high), zap.Duration("behind", behind.Round(time.Second)), zap.Int64("documents", f.rows))
}
