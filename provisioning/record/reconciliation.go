package record

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Reconciliation is a statement that for one feed and one hour of the vendor's clock the
// vendor had so many documents and so many were delivered. A document belongs to the hour of
// its immutable created time, however often it changes. The newest statement of an hour, by
// ObservedAt, is the one that holds.
type Reconciliation struct {
	EventID    provisioning.ID
	Tenant     string
	Feed       provisioning.Feed
	Hour       pcommon.Timestamp // its beginning
	ObservedAt pcommon.Timestamp // when the vendor answered
	Pass       int64             // 1 for the first time that the hour was asked about
	Verdict    Verdict

	VendorCount int64  // distinct documents the vendor has; 0 where Method is empty
	Method      string // how they were counted, one of the Method constants; empty: the vendor gave no answer

	// Distinct documents that were delivered.
	Observed    int64 // turned into observations
	Ignored     int64 // no reports of provisioning
	Quarantined int64

	IgnoredReasons string // a JSON object: how many were ignored by reason
	// Digest is the DocumentsDigest of the observed documents: with it a store can show that
	// it holds these documents and not others. Of the feed events it is that of the event ids
	// of the observations, since several events that say the same are one observation.
	Digest     string
	Missing    int64    // documents the vendor counts that were not delivered
	MissingIDs []string // the vendor's ids of those, where they can be listed: at most MaxMissingIDs
	Reason     string   // what the verdict rests on, for people
}

// MaxMissingIDs bounds Reconciliation.MissingIDs.
const MaxMissingIDs = 1000

// Verdict is what a reconciliation found.
type Verdict string

const (
	// VerdictAgreed: every document that the vendor counts was delivered.
	VerdictAgreed Verdict = "agreed"
	// VerdictShort: the vendor counts more than was delivered; the hour is read again.
	VerdictShort Verdict = "short"
	// VerdictHidden: the vendor counts documents that it never shows.
	VerdictHidden Verdict = "hidden"
	// VerdictFewer: the vendor counts fewer than were delivered. It may lag behind, or have
	// deleted some.
	VerdictFewer Verdict = "fewer"
	// VerdictUnknown: the vendor gave no count that can be relied on.
	VerdictUnknown Verdict = "unknown"
)

// How documents were counted.
const (
	MethodCount   = "count"   // the vendor's count of the hour
	MethodWindows = "windows" // the sum of the vendor's counts of narrower windows
	MethodIDs     = "ids"     // by listing the ids
)

// Reconciliations are the records of reconciliations.
var Reconciliations = newSchema(EventReconciliation, func() []FieldOf[Reconciliation] {
	type r = Reconciliation
	return []FieldOf[r]{
		{Column: "tenant", LowCardinality: true, Doc: "Organisation of the identity system.", Pointer: func(r *r) any { return &r.Tenant }},
		{Column: "event_id", Doc: "Deterministic id of the statement: the idempotency key of every store.", Pointer: func(r *r) any { return &r.EventID }},
		{Column: "feed", LowCardinality: true, Doc: "Feed that was reconciled: `rest`, `search` or `events`.", Pointer: func(r *r) any { return &r.Feed }},
		{Column: "hour", Doc: "Beginning of the hour of the vendor's clock in which the documents were created; also the LogRecord's Timestamp.", Pointer: func(r *r) any { return &r.Hour }},
		{Column: "observed_at", Doc: "When the vendor answered. The newest statement of an hour holds.", Pointer: func(r *r) any { return &r.ObservedAt }},
		{Column: "pass", Doc: "How often the hour was asked about: 1 for the first time.", Pointer: func(r *r) any { return &r.Pass }},
		{Column: "verdict", LowCardinality: true, Doc: "`agreed`: every document that the vendor counts was delivered. `short`: the vendor counts more. `hidden`: the vendor counts documents that it never shows. `fewer`: the vendor counts fewer than were delivered. `unknown`: the vendor gave no count that can be relied on.", Pointer: func(r *r) any { return &r.Verdict }},
		{Column: "vendor_count", Doc: "Distinct documents the vendor has; 0 where method is empty.", Pointer: func(r *r) any { return &r.VendorCount }},
		{Column: "method", LowCardinality: true, Doc: "How the vendor's documents were counted: `count` of the hour, `windows` (the sum of narrower windows), `ids` (by listing them); empty where it gave no answer.", Pointer: func(r *r) any { return &r.Method }},
		{Column: "observed", Doc: "Distinct documents that were turned into observations.", Pointer: func(r *r) any { return &r.Observed }},
		{Column: "ignored", Doc: "Distinct documents that are no reports of provisioning.", Pointer: func(r *r) any { return &r.Ignored }},
		{Column: "quarantined", Doc: "Distinct documents that could not be understood.", Pointer: func(r *r) any { return &r.Quarantined }},
		{Column: "ignored_reasons", Doc: "A JSON object: how many were ignored, by reason.", Pointer: func(r *r) any { return &r.IgnoredReasons }},
		{Column: "digest", Doc: "Digest of the vendor's ids of the observed documents, and of the feed `events` of the `event_id` of its observations, since several events that say the same are one observation: the exclusive or of the first 8 bytes of the SHA-256 of each, in 16 hex digits.", Pointer: func(r *r) any { return &r.Digest }},
		{Column: "missing", Doc: "Documents the vendor counts that were not delivered.", Pointer: func(r *r) any { return &r.Missing }},
		{Column: "missing_ids", Doc: fmt.Sprintf("The vendor's ids of those, where they can be listed: at most %d.", MaxMissingIDs), Pointer: func(r *r) any { return &r.MissingIDs }},
		{Column: "reason", Doc: "What the verdict rests on, for people.", Pointer: func(r *r) any { return &r.Reason }},
	}
}())

// ErrNotReconciliation is returned for a LogRecord of another EventName.
var ErrNotReconciliation = errors.New("not a " + EventReconciliation + " record")

// ReconciliationID identifies the statement that was made about an hour at a time.
func ReconciliationID(r *Reconciliation) provisioning.ID {
	return provisioning.HashID("reconciliation", r.Tenant, string(r.Feed),
		strconv.FormatUint(uint64(r.Hour), 10), strconv.FormatUint(uint64(r.ObservedAt), 10))
}

// WriteReconciliation writes r; a zero EventID is set to ReconciliationID.
func WriteReconciliation(r *Reconciliation, to plog.LogRecord) {
	if r.EventID.IsZero() {
		r.EventID = ReconciliationID(r)
	}
	Reconciliations.write(r, to, otherAttributes)
	to.SetTimestamp(r.Hour)
	to.SetSeverityNumber(plog.SeverityNumberInfo)
	to.SetSeverityText("INFO")
	if r.Verdict != VerdictAgreed {
		to.SetSeverityNumber(plog.SeverityNumberWarn)
		to.SetSeverityText("WARN")
	}
	to.Body().SetStr("Reconciliation of " + string(r.Feed) + " for " + r.Hour.AsTime().Format("2006-01-02 15:04") + " UTC: " + string(r.Verdict))
}

// ReadReconciliation reads what WriteReconciliation wrote into r, which it clears first.
func ReadReconciliation(from plog.LogRecord, r *Reconciliation) error {
	*r = Reconciliation{}
	if from.EventName() != EventReconciliation {
		return ErrNotReconciliation
	}
	return Reconciliations.read(from, r)
}

// DocumentsDigest is the digest of a set of documents, to which each is added once. It does
// not depend on their order, and adding a document twice removes it. It shows mistakes, not
// forgery: that is for the archive's seal.
type DocumentsDigest uint64

// Add adds a document by the vendor's id, or an observation by its event id as text.
func (d *DocumentsDigest) Add(vendorID string) { *d ^= DocumentsDigest(DocumentHash(vendorID)) }

// String is the digest in 16 hex digits.
func (d DocumentsDigest) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// DigestID is the id by which a digest has the document of an observation; empty: it has not.
func DigestID(o *provisioning.Observation) string {
	if o.Feed == provisioning.FeedEvents {
		return o.EventID.String()
	}
	return o.VendorID
}

// DocumentHash is what a document adds to a DocumentsDigest.
func DocumentHash(vendorID string) uint64 {
	sum := sha256.Sum256([]byte(vendorID))
	return binary.BigEndian.Uint64(sum[:8])
}
