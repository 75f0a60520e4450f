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

// encoding turns a queue's items into bytes and back.
type encoding struct{ recent recent }

// Marshal implements xexporterhelper's Encoding.
func (e *encoding) Marshal(_ context.Context, r xexporterhelper.Request) ([]byte, error) {
	batch := columnar.Join(r.(*request).batches)
	item := batch.Encode()
	e.recent.put(batch)
	return item, nil
}

// Unmarshal implements xexporterhelper's Encoding. The queue drops an item that is an
// error: so does one that is not there, whose number was used up when the storage refused
// it and whoever had the data was told. One that is damaged becomes quarantined data.
func (e *encoding) Unmarshal(item []byte) (context.Context, xexporterhelper.Request, error) {
	if len(item) == 0 {
		return nil, nil, errNeverStored
	}
	batch := e.recent.take(item)
	if batch == nil {
		var err error
		if batch, err = columnar.Decode(item); err != nil {
			batch = damaged(item, err)
		}
	}
	return context.Background(), newRequest(batch), nil
}

var errNeverStored = errors.New("the storage never took this item")

func damaged(item []byte, err error) *columnar.Batch {
	q := &record.Quarantined{
		Reason: fmt.Sprintf("an item of the exporter's queue on the disk is damaged, its records are not stored: %v; "+
			"its bytes are kept in base64: have the receiver read the vendor's last days again", err),
		Original: base64.StdEncoding.EncodeToString(item), Size: int64(len(item)),
		ObservedAt: pcommon.NewTimestampFromTime(time.Now()),
	}
	q.EventID = record.QuarantineID(q)
	b := columnar.NewBuilder(1)
	b.Quarantined(q)
	return b.Batch()
}
