package provisioning

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Merge returns what two copies of one observation, which have the same event id, say
// together: what one lacks is filled from the other, of two texts the fuller one is kept,
// and ObservedAt is the first receipt. The result does not depend on the order in which
// any number of copies are merged.
//
// Original is an exception: it is the verbatim text of one document, that of a where a has
// one.
func Merge(a, b *Observation) Observation {
	m := *a
	m.Feed = nearer(a.Feed, b.Feed)
	m.OccurredAt = earliest(a.OccurredAt, b.OccurredAt)
	m.VendorID = fuller(a.VendorID, b.VendorID)
	m.ItemID = fuller(a.ItemID, b.ItemID)
	m.SourceID = fuller(a.SourceID, b.SourceID)
	m.SourceName = fuller(a.SourceName, b.SourceName)
	m.AccountID = fuller(a.AccountID, b.AccountID)
	m.Cause, m.RawCause = fuller(a.Cause, b.Cause), fuller(a.RawCause, b.RawCause)
	m.IdentityID = fuller(a.IdentityID, b.IdentityID)
	m.IdentityName = fuller(a.IdentityName, b.IdentityName)
	m.RequesterID = fuller(a.RequesterID, b.RequesterID)
	m.RequesterName = fuller(a.RequesterName, b.RequesterName)
	m.ApproverName = fuller(a.ApproverName, b.ApproverName)
	m.ApprovalStatus = fullerApproval(a.ApprovalStatus, b.ApprovalStatus)
	m.RawApproval = fuller(a.RawApproval, b.RawApproval)
	m.Warnings = fuller(a.Warnings, b.Warnings)
	m.RequestedItemName = fuller(a.RequestedItemName, b.RequestedItemName)
	m.RequestedItemType = fuller(a.RequestedItemType, b.RequestedItemType)
	m.RequesterComment = fuller(a.RequesterComment, b.RequesterComment)
	m.ReviewerComment = fuller(a.ReviewerComment, b.ReviewerComment)
	m.ClientMetadata = fuller(a.ClientMetadata, b.ClientMetadata)
	m.RemoveAt = earliest(a.RemoveAt, b.RemoveAt)
	m.VendorCreatedAt = earliest(a.VendorCreatedAt, b.VendorCreatedAt)
	m.ErrorMessage = fuller(a.ErrorMessage, b.ErrorMessage)
	m.TicketID = fuller(a.TicketID, b.TicketID)
	m.Side = fuller(a.Side, b.Side)
	m.ReportedStatus = max(a.ReportedStatus, b.ReportedStatus)
	m.AccountLevel = a.AccountLevel || b.AccountLevel
	m.RequestedAt = earliest(a.RequestedAt, b.RequestedAt)
	m.ObservedAt = earliest(a.ObservedAt, b.ObservedAt)
	m.Original = cmp.Or(a.Original, b.Original)
	return m
}

// fuller is the longer text, and of two of one length the smaller.
func fuller[T ~string](a, b T) T {
	if cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(b, a)) > 0 {
		return a
	}
	return b
}

// fullerApproval prefers a decision to an approval that is pending.
func fullerApproval(a, b Approval) Approval {
	switch {
	case a == ApprovalPending && b != "":
		return b
	case b == ApprovalPending && a != "":
		return a
	default:
		return fuller(a, b)
	}
}

// nearer is the feed that is nearer to the vendor: a file holds what another feed gave.
func nearer(a, b Feed) Feed {
	switch {
	case a == FeedFile:
		return b
	case b == FeedFile:
		return a
	default:
		return min(a, b)
	}
}

// earliest is the earlier of two times, of which 0 is none.
func earliest(a, b pcommon.Timestamp) pcommon.Timestamp {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
