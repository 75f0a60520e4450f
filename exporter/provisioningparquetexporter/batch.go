package provisioningparquetexporter

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
)

// batch is what the archive keeps of a plog.Logs.
type batch struct {
	archive.Batch
	unreadable int // stored as quarantined data
	ignored    int
}

func newBatch(logs plog.Logs, logger *zap.Logger) batch {
	var b batch
	// One block of memory for all records of the batch.
	records := make([]provisioning.Record, 0, logs.LogRecordCount())
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				switch lr.EventName() {
				case provisioning.EventActivity:
					records = append(records, provisioning.Record{})
					r := &records[len(records)-1]
					if err := provisioning.Read(lr, r); err != nil {
						b.quarantine(lr, err, logger)
						continue
					}
					b.Records = append(b.Records, r)
				case provisioning.EventQuarantine:
					q := &provisioning.Quarantined{}
					if err := provisioning.ReadQuarantined(lr, q); err != nil {
						b.quarantine(lr, err, logger)
						continue
					}
					b.Quarantined = append(b.Quarantined, q)
				default:
					b.ignored++
				}
			}
		}
	}
	return b
}

// quarantine keeps a record that some other maker wrote wrongly: whole, as JSON.
func (b *batch) quarantine(lr plog.LogRecord, cause error, logger *zap.Logger) {
	b.unreadable++
	logs := plog.NewLogs()
	lr.CopyTo(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		text = []byte(lr.Body().AsString())
	}
	q := &provisioning.Quarantined{
		Reason:     fmt.Sprintf("provisioning_parquet: log record %s: %v", lr.EventName(), cause),
		ObservedAt: lr.ObservedTimestamp(),
		Original:   string(text),
		Size:       int64(len(text)),
	}
	if tenant, ok := lr.Attributes().Get(provisioning.AttributePrefix + "tenant"); ok {
		q.Tenant = tenant.AsString()
	}
	q.EventID = provisioning.QuarantineID(q)
	b.Quarantined = append(b.Quarantined, q)
	logger.Warn("log record is stored as quarantined data, not as an activity", zap.Error(cause), zap.Stringer("event_id", q.EventID))
}
