package provisioning

import (
	"bytes"
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Dialect is the shape of the vendor's document an observation was read from.
// It is not the feed: a file may hold any of them.
type Dialect string

const (
	DialectREST    Dialect = "rest"    // AccountActivity with items
	DialectSearch  Dialect = "search"  // accountactivities document
	DialectEvent   Dialect = "event"   // events document
	DialectTrigger Dialect = "trigger" // Provisioning Completed
)

// Observation is one report, by one feed, that an activity was in some state at
// some time. It is immutable and identified by EventID. Times are nanoseconds
// since 1970 in UTC, zero where absent.
type Observation struct {
	EventID  ID
	Tenant   string
	Feed     Feed
	Dialect  Dialect
	GroupID  string // the vendor's tracking number = account activity id
	VendorID string // the vendor's id of the document
	ItemID   string // the vendor's id of the item, REST only

	SourceID       string
	SourceName     string
	AccountID      string
	AttributeName  string
	AttributeValue string
	Operation      Operation
	// AccountLevel marks an event or trigger that names an account and no
	// attribute: it speaks of every finer activity it covers.
	AccountLevel bool

	ReportedStatus Status // unset where the vendor's word is unknown
	RawStatus      string // the vendor's word

	Cause          string // plain words, see RawCause
	RawCause       string // the vendor's word
	IdentityID     string
	IdentityName   string
	RequesterID    string
	RequesterName  string
	ApproverName   string
	ApprovalStatus Approval
	RawApproval    string // the vendor's word
	ErrorMessage   string
	Warnings       string
	TicketID       string
	Side           FailedOn // the side a password change was tried on: identitynow or source

	// What an access request asked for, and what people wrote about it.
	RequestedItemName string
	RequestedItemType string // ROLE, ACCESS_PROFILE or ENTITLEMENT
	RequesterComment  string
	ReviewerComment   string
	ClientMetadata    string            // of the caller of the request, a JSON object
	RemoveAt          pcommon.Timestamp // when the access ends again

	// VendorCreatedAt is when the vendor made the document. It never changes, so a document
	// is counted in one hour however often it changes. A trigger has none.
	VendorCreatedAt pcommon.Timestamp

	RequestedAt pcommon.Timestamp
	OccurredAt  pcommon.Timestamp // vendor's time; zero where the vendor gives none
	ObservedAt  pcommon.Timestamp // first receipt
	Original    string            // the vendor's verbatim JSON, secrets redacted
}

// At is the time an observation sorts by: the vendor's, else that of receipt.
func (o *Observation) At() pcommon.Timestamp {
	if o.OccurredAt != 0 {
		return o.OccurredAt
	}
	return o.ObservedAt
}

// compare orders a group's observations: by time, by lifecycle progress, by id.
func compare(a, b *Observation) int {
	if c := cmp.Compare(a.At(), b.At()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.ReportedStatus, b.ReportedStatus); c != 0 {
		return c
	}
	return compareID(a.EventID, b.EventID)
}

func compareID(a, b ID) int { return bytes.Compare(a[:], b[:]) }
