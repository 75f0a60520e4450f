package columns

import (
	"fmt"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// Quarantine is a block of what could not be understood or stored.
type Quarantine struct {
	Block
	record provisioning.Quarantined

	tenant, feed, field             word
	eventID, reason, file, original text
	position, size                  proto.ColInt64
	observedAt                      instant
}

// NewQuarantine returns an empty block.
func NewQuarantine() *Quarantine {
	q := &Quarantine{Block: newBlock("provisioning_quarantine")}
	q.add("tenant", &q.tenant)
	q.add("event_id", &q.eventID)
	q.add("feed", &q.feed)
	q.add("reason", &q.reason)
	q.add("file", &q.file)
	q.add("position", &q.position)
	q.add("field", &q.field)
	q.add("size", &q.size)
	q.add("observed_at", &q.observedAt)
	q.add("original", &q.original)
	return q
}

// Append adds a provisioning.quarantine record. One that cannot be read is refused
// like any other record.
func (q *Quarantine) Append(lr plog.LogRecord) error {
	if err := provisioning.ReadQuarantined(lr, &q.record); err != nil {
		return err
	}
	if q.record.EventID.IsZero() {
		q.record.EventID = provisioning.QuarantineID(&q.record)
	}
	q.append(&q.record)
	return nil
}

// Refuse adds a record of any kind with the reason why it is not in its table.
func (q *Quarantine) Refuse(lr plog.LogRecord, reason error) {
	raw := rawRecord(lr)
	record := provisioning.Quarantined{
		Reason:     fmt.Sprintf("provisioning_clickhouse: record with EventName %q not stored: %v", lr.EventName(), reason),
		ObservedAt: lr.ObservedTimestamp(),
		Original:   raw,
		Size:       int64(len(raw)),
	}
	for name, to := range map[string]*string{"tenant": &record.Tenant, "feed": (*string)(&record.Feed)} {
		if v, ok := lr.Attributes().Get(provisioning.AttributePrefix + name); ok && v.Type() == pcommon.ValueTypeStr {
			*to = v.Str()
		}
	}
	record.EventID = provisioning.QuarantineID(&record)
	q.append(&record)
}

func (q *Quarantine) append(r *provisioning.Quarantined) {
	if r.ObservedAt == 0 || r.ObservedAt > provisioning.MaxTime {
		// Not part of the row's key, so a retry is still the same row.
		r.ObservedAt = pcommon.NewTimestampFromTime(time.Now())
	}
	q.tenant.append(r.Tenant)
	q.eventID.append(r.EventID.String())
	q.feed.append(string(r.Feed))
	q.reason.append(r.Reason)
	q.file.append(r.File)
	q.position.Append(r.Position)
	q.field.append(r.Field)
	q.size.Append(r.Size)
	q.observedAt.Append(micros(r.ObservedAt))
	q.original.append(r.Original)
}

// rawRecord is the record as OTLP JSON, so that it can be sent again.
func rawRecord(lr plog.LogRecord) string {
	logs := plog.NewLogs()
	lr.CopyTo(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	raw, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil { // cannot be: JSON of plain values
		return err.Error()
	}
	return string(raw)
}
