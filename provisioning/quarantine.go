package provisioning

import (
	"errors"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Quarantined is data that could not be understood or stored: it goes down the
// pipeline beside the good records, into a place of its own, and can be requeued.
type Quarantined struct {
	EventID    ID
	Tenant     string
	Feed       Feed
	Reason     string // what was wrong and where, for people
	File       string // path or URL it came from
	Position   int64  // byte offset in File, or index in a page
	Field      string // the field that was wrong, where known
	ObservedAt pcommon.Timestamp
	Original   string // the raw text, secrets redacted; may be cut, see Size
	Size       int64  // bytes of the whole
}

// QuarantineID identifies the data, so that reading it again is the same record.
func QuarantineID(q *Quarantined) ID {
	return hashID("quarantine", q.Tenant, string(q.Feed), q.File, strconv.FormatInt(q.Position, 10), q.Original)
}

// The attributes of a quarantine record; their columns have the same names
// without the prefix.
const (
	attributeTenant   = AttributePrefix + "tenant"
	attributeEventID  = AttributePrefix + "event_id"
	attributeFeed     = AttributePrefix + "feed"
	attributeReason   = AttributePrefix + "reason"
	attributePosition = AttributePrefix + "position"
	attributeField    = AttributePrefix + "field"
	attributeSize     = AttributePrefix + "size"
)

// ErrNotQuarantine is returned for a LogRecord of another EventName.
var ErrNotQuarantine = errors.New("not a " + EventQuarantine + " record")

// WriteQuarantined writes q; a zero EventID is set to QuarantineID.
func WriteQuarantined(q *Quarantined, to plog.LogRecord) {
	if q.EventID.IsZero() {
		q.EventID = QuarantineID(q)
	}
	to.SetEventName(EventQuarantine)
	to.SetTimestamp(q.ObservedAt)
	to.SetObservedTimestamp(q.ObservedAt)
	to.SetSeverityNumber(plog.SeverityNumberError)
	to.SetSeverityText("ERROR")
	to.Body().SetStr("Quarantined: " + q.Reason)
	attrs := to.Attributes()
	attrs.PutStr(attributeEventID, q.EventID.String())
	putText(attrs, attributeTenant, q.Tenant)
	putText(attrs, attributeFeed, string(q.Feed))
	putText(attrs, attributeReason, q.Reason)
	putText(attrs, AttributeFilePath, q.File)
	putInt(attrs, attributePosition, q.Position)
	putText(attrs, attributeField, q.Field)
	putInt(attrs, attributeSize, q.Size)
	putText(attrs, AttributeOriginal, q.Original)
}

// ReadQuarantined reads what WriteQuarantined wrote.
func ReadQuarantined(from plog.LogRecord, q *Quarantined) (err error) {
	*q = Quarantined{ObservedAt: from.ObservedTimestamp()}
	if from.EventName() != EventQuarantine {
		return ErrNotQuarantine
	}
	text, number := readers(from.Attributes())
	q.EventID, err = ParseID(text(attributeEventID))
	q.Tenant, q.Feed, q.Reason = text(attributeTenant), Feed(text(attributeFeed)), text(attributeReason)
	q.File, q.Position, q.Field = text(AttributeFilePath), number(attributePosition), text(attributeField)
	q.Size, q.Original = number(attributeSize), text(AttributeOriginal)
	return err
}
