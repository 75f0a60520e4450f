package webhookfeed

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

// openWAL opens the write-ahead log and delivers what an earlier process left in it.
func (f *Feed) openWAL(ctx context.Context, host component.Host) error {
	if f.set.OpenStorage == nil {
		f.set.Logger.Warn("no storage is configured: a trigger that the next consumer does not accept in time is lost, because the vendor sends each once; set storage to a storage extension")
		return nil
	}
	client, err := f.set.OpenStorage(ctx, host, "webhook")
	if err != nil {
		return err
	}
	log, left, err := openWAL(ctx, client, f.cfg.MaxWaiting)
	if errors.Is(err, errBoundsDamaged) {
		f.set.Logger.Error("triggers that waited before this start are not delivered: they stay in the storage, unread; a polling feed brings the same changes", zap.Error(err))
	} else if err != nil {
		return errors.Join(err, client.Close(ctx))
	}
	f.wal = log
	f.waiting = make(chan uint64, max(f.cfg.MaxWaiting, len(left)))
	for _, n := range left {
		f.waiting <- n
	}
	if len(left) > 0 {
		f.set.Logger.Info("triggers that were not delivered before the last stop are delivered now", zap.Int("triggers", len(left)))
	}
	f.worker.Go(f.deliverWaiting)
	return f.set.Metrics.RegisterReceiverProvisioningWaitingCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(log.size()))
		return nil
	})
}

// An entry of the write-ahead log is an envelope of the time of receipt, nanoseconds since
// 1970 in 8 bytes, and the body without its secrets.
const (
	entryVersion = 1
	timeSize     = 8
)

func encodeEntry(at pcommon.Timestamp, body string) []byte {
	value := binary.LittleEndian.AppendUint64(envelope.Reserve(nil), uint64(at))
	value = append(value, body...)
	envelope.Close(value, entryVersion)
	return value
}

func decodeEntry(value []byte) (*request, error) {
	payload, err := envelope.Open(entryVersion, value)
	if err != nil {
		return nil, err
	}
	if len(payload) < timeSize {
		return nil, envelope.ErrCut
	}
	return &request{at: pcommon.Timestamp(binary.LittleEndian.Uint64(payload)), body: payload[timeSize:]}, nil
}

// keep puts a request into the write-ahead log. Where that fails for another reason than
// errFull, the request is handled without.
func (f *Feed) keep(ctx context.Context, q *request) (n uint64, err error) {
	if f.wal == nil {
		return 0, nil
	}
	n, err = f.wal.put(ctx, encodeEntry(q.at, f.set.Parser.Secrets.Redact(string(q.body))))
	if err != nil && !errors.Is(err, errFull) {
		f.set.Logger.Warn("a trigger could not be kept on the disk before it is delivered", zap.Error(err))
	}
	q.kept.Store(err == nil)
	return n, err
}

// deliverWaiting delivers, one after the other, the requests that were answered 202.
func (f *Feed) deliverWaiting(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-f.waiting:
			if f.deliverKept(ctx, n) != nil {
				return // ctx ended: the request is on the disk for the next process
			}
		}
	}
}

func (f *Feed) deliverKept(ctx context.Context, n uint64) error {
	value, err := retry.Do(ctx, f.set.Delivery.Retry, func() ([]byte, error) { return f.wal.read(ctx, n) },
		func(err error, _ time.Duration) {
			f.set.Logger.Error("a trigger that waits on the disk cannot be read; the read is repeated", zap.Error(err))
		})
	if err != nil {
		return err
	}
	var b *delivery.Batch
	if q, err := decodeEntry(value); err == nil {
		b = f.parse(q)
	} else {
		b = &delivery.Batch{Quarantined: []record.Quarantined{{
			Tenant: f.set.Parser.Tenant, Feed: f.set.Parser.Feed, File: f.cfg.Path,
			Reason: "a trigger that waited on the disk: " + err.Error(), Size: int64(len(value)),
			ObservedAt: pcommon.NewTimestampFromTime(time.Now()),
		}}}
	}
	if err := f.set.Delivery.Deliver(ctx, b); err != nil {
		return err
	}
	f.wal.remove(n)
	return nil
}
