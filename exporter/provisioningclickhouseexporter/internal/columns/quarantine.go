package columns

import (
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// Quarantine is a block of what could not be understood or stored.
type Quarantine struct {
	Block

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

// Append adds a row.
func (q *Quarantine) Append(r *provisioning.Quarantined) {
	at := r.ObservedAt
	if at == 0 || at > provisioning.MaxTime {
		// Not part of the row's key, so a retry is still the same row.
		at = pcommon.NewTimestampFromTime(time.Now())
	}
	q.tenant.append(r.Tenant)
	q.eventID.appendID(&r.EventID)
	q.feed.append(string(r.Feed))
	q.reason.append(r.Reason)
	q.file.append(r.File)
	q.position.Append(r.Position)
	q.field.append(r.Field)
	q.size.Append(r.Size)
	q.observedAt.Append(micros(at))
	q.original.append(r.Original)
}
