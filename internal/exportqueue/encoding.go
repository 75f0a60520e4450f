package exportqueue

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// encoding encodes and decodes the items of a queue.
type encoding struct{ recent recent }

// Marshal implements xexporterhelper's Encoding.
func (e *encoding) Marshal(_ context.Context, r xexporterhelper.Request) ([]byte, error) {
	batch := columnar.Concat(r.(*request).batches)
	item := batch.Encode()
	e.recent.put(batch)
	return item, nil
}

// Unmarshal implements xexporterhelper's Encoding. The queue drops an item on an error.
// That is right for an empty item: the queue has used up its number, but the storage had
// refused it and its sender got the error. An item that cannot be decoded becomes a
// quarantine record instead.
func (e *encoding) Unmarshal(item []byte) (context.Context, xexporterhelper.Request, error) {
	if len(item) == 0 {
		return nil, nil, errNeverStored
	}
	batch := e.recent.take(item)
	if batch == nil {
		var err error
		if batch, err = columnar.Decode(item); err != nil {
			batch = quarantine(item, err)
		}
	}
	return context.Background(), newRequest(batch), nil
}

var errNeverStored = errors.New("the storage had refused this item of the queue")

func quarantine(item []byte, err error) *columnar.Batch {
	q := &record.Quarantined{
		Reason: fmt.Sprintf("an item of the exporter's queue on disk cannot be decoded, so its records are not stored: %v; "+
			"the item is kept in base64; have the receiver read the vendor's last days again", err),
		Original: base64.StdEncoding.EncodeToString(item), Size: int64(len(item)),
		ObservedAt: pcommon.NewTimestampFromTime(time.Now()),
	}
	q.EventID = record.QuarantineID(q)
	b := columnar.NewBuilder(1)
	b.Quarantined(q)
	return b.Batch()
}
