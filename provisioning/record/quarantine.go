package record

import (
	"errors"
	"strconv"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Quarantined is data that could not be understood or stored: it goes down the
// pipeline beside the good records, into a place of its own, and can be requeued.
type Quarantined struct {
	EventID    provisioning.ID
	Tenant     string
	Feed       provisioning.Feed
	Reason     string // what was wrong and where, for people
	File       string // path or URL it came from
	Position   int64  // byte offset in File, or index in a page
	Field      string // the field that was wrong, where known
	ObservedAt pcommon.Timestamp
	VendorID   string // the vendor's id of the document, where it could be read
	// VendorCreatedAt is when the vendor made the document, where it could be read.
	VendorCreatedAt pcommon.Timestamp
	Original        string // the raw text, secrets redacted; may be cut, see Size
	Size            int64  // bytes of the whole
}

// QuarantineID identifies the data, so that reading it again is the same record.
func QuarantineID(q *Quarantined) provisioning.ID {
	return provisioning.HashID("quarantine", q.Tenant, string(q.Feed), q.File, strconv.FormatInt(q.Position, 10), q.Original)
}

// Quarantine are the records of quarantined data.
var Quarantine = newSchema(EventQuarantine, []FieldOf[Quarantined]{
	{Column: "event_id", Doc: "Deterministic id: the same data is the same record.", Pointer: func(q *Quarantined) any { return &q.EventID }},
	{Column: "tenant", LowCardinality: true, Doc: "Organisation of the identity system.", Pointer: func(q *Quarantined) any { return &q.Tenant }},
	{Column: "feed", LowCardinality: true, Doc: "Where it came from.", Pointer: func(q *Quarantined) any { return &q.Feed }},
	{Column: "reason", Doc: "What was wrong and where, for people.", Pointer: func(q *Quarantined) any { return &q.Reason }},
	{Column: "file", Doc: "Path or address it came from.", Pointer: func(q *Quarantined) any { return &q.File }},
	{Column: "position", Doc: "Byte offset in the file, or index in a page.", Pointer: func(q *Quarantined) any { return &q.Position }},
	{Column: "field", LowCardinality: true, Doc: "The field that was wrong, where known.", Pointer: func(q *Quarantined) any { return &q.Field }},
	{Column: "vendor_id", Doc: "The vendor's id of the document, where it could be read.", Pointer: func(q *Quarantined) any { return &q.VendorID }},
	{Column: "vendor_created_at", Doc: "When the vendor made the document, where it could be read.", Pointer: func(q *Quarantined) any { return &q.VendorCreatedAt }},
	{Column: "observed_at", Doc: "When it was received; also the LogRecord's Timestamp.", Pointer: func(q *Quarantined) any { return &q.ObservedAt }},
	{Column: "size", Doc: "Bytes of the whole; the raw text may be cut.", Pointer: func(q *Quarantined) any { return &q.Size }},
	{Column: "original", Personal: true, Doc: "The raw text, secrets redacted.", Pointer: func(q *Quarantined) any { return &q.Original }},
})

// ErrNotQuarantine is returned for a LogRecord of another EventName.
var ErrNotQuarantine = errors.New("not a " + EventQuarantine + " record")

// WriteQuarantined writes q; a zero EventID is set to QuarantineID.
func WriteQuarantined(q *Quarantined, to plog.LogRecord) {
	if q.EventID.IsZero() {
		q.EventID = QuarantineID(q)
	}
	Quarantine.write(q, to, otherAttributes)
	to.SetTimestamp(q.ObservedAt)
	to.SetSeverityNumber(plog.SeverityNumberError)
	to.SetSeverityText("ERROR")
	to.Body().SetStr("Quarantined: " + q.Reason)
}

// ReadQuarantined reads what WriteQuarantined wrote into q, which it clears first.
func ReadQuarantined(from plog.LogRecord, q *Quarantined) error {
	*q = Quarantined{}
	if from.EventName() != EventQuarantine {
		return ErrNotQuarantine
	}
	return Quarantine.read(from, q)
}
