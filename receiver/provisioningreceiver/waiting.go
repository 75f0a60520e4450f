package provisioningreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/sailpoint"
)

// The webhook's requests that wait on the disk.

// request is a trigger as it came.
type request struct {
	n    uint64 // in the journal
	at   pcommon.Timestamp
	body []byte
}

// open opens the journal and delivers what an earlier process left in it.
func (f *webhookFeed) open(ctx context.Context, host component.Host) error {
	if f.storage == nil {
		f.set.Logger.Warn("no storage is configured: a trigger that the next consumer does not accept in time is lost, for the vendor sends each once; set storage to a storage extension")
		return nil
	}
	client, err := f.storage(ctx, host, "webhook")
	if err != nil {
		return err
	}
	journal, left, err := openJournal(ctx, client, f.cfg.MaxWaiting)
	if errors.Is(err, errBoundsDamaged) {
		f.set.Logger.Error("triggers that waited before this start are not delivered: their requests stay in the storage, unread; a feed that polls brings the same changes", zap.Error(err))
	} else if err != nil {
		return errors.Join(err, client.Close(ctx))
	}
	f.journal = journal
	f.waiting = make(chan uint64, max(f.cfg.MaxWaiting, len(left)))
	for _, n := range left {
		f.waiting <- n
	}
	if len(left) > 0 {
		f.set.Logger.Info("triggers that were not delivered before the end are delivered now", zap.Int("triggers", len(left)))
	}
	if err := f.observe(); err != nil {
		return errors.Join(err, client.Close(ctx))
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.done.Go(func() { f.deliverWaiting(running) })
	return nil
}

func (f *webhookFeed) close(ctx context.Context) error {
	if f.journal == nil {
		return nil
	}
	f.cancel()
	f.done.Wait()
	f.journal.flush(ctx)
	return f.journal.Close(ctx)
}

const timeSize = 8 // of the time before a request in the journal

// keep puts a request into the journal, without its secrets. Where that is impossible,
// but for want of room in it, the request is handled without.
func (f *webhookFeed) keep(ctx context.Context, r *request) (kept bool, err error) {
	if f.journal == nil {
		return false, nil
	}
	entry := append(binary.LittleEndian.AppendUint64(nil, uint64(r.at)), sailpoint.Redact(string(r.body))...)
	r.n, err = f.journal.put(ctx, entry)
	if err != nil && !errors.Is(err, errJournalFull) {
		f.set.Logger.Warn("a trigger could not be kept on the disk before it is delivered", zap.Error(err))
	}
	return err == nil, err
}

// deliverWaiting delivers, one after the other, what nobody waits for any more.
func (f *webhookFeed) deliverWaiting(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-f.waiting:
			if f.deliverKept(ctx, n) != nil {
				return // it is on the disk for the next process
			}
		}
	}
}

func (f *webhookFeed) deliverKept(ctx context.Context, n uint64) error {
	body, err := f.journal.read(ctx, n)
	for err != nil && ctx.Err() == nil {
		f.set.Logger.Error("a trigger that waits on the disk cannot be read; it is tried again", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(f.sink.maxRetry):
		}
		body, err = f.journal.read(ctx, n)
	}
	if err != nil {
		return err
	}
	r := request{n: n, at: pcommon.NewTimestampFromTime(time.Now()), body: body}
	if len(body) >= timeSize { // a shorter one is damaged, and goes to the quarantine as it is
		r.at, r.body = pcommon.Timestamp(binary.LittleEndian.Uint64(body)), body[timeSize:]
	}
	if err := f.sink.deliver(ctx, f.read(&r)); err != nil {
		return err
	}
	f.journal.forget(n)
	return nil
}
