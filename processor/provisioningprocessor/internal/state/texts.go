package state

import (
	"github.com/provtrail/provtrail/provisioning"
)

// textCount is the number of an observation's texts, its tenant and group id not
// counted: those are the group's.
const textCount = 29

// texts lists an observation's texts. The order is part of the stored format.
func texts(o *provisioning.Observation) [textCount]string {
	return [...]string{
		string(o.Feed), string(o.Dialect), o.VendorID, o.ItemID,
		o.SourceID, o.SourceName, o.AccountID, o.AttributeName, o.AttributeValue, string(o.Operation),
		o.RawStatus, o.Cause, o.IdentityID, o.IdentityName, o.RequesterID, o.RequesterName,
		o.ApproverName, string(o.ApprovalStatus), o.ErrorMessage, o.TicketID, string(o.Side),
		o.RawCause, o.RawApproval, o.Warnings, o.RequestedItemName, o.RequestedItemType,
		o.RequesterComment, o.ReviewerComment, o.ClientMetadata,
	}
}

// setTexts is the reverse of texts.
func setTexts(o *provisioning.Observation, t *[textCount]string) {
	o.Feed, o.Dialect, o.VendorID, o.ItemID = provisioning.Feed(t[0]), provisioning.Dialect(t[1]), t[2], t[3]
	o.SourceID, o.SourceName, o.AccountID = t[4], t[5], t[6]
	o.AttributeName, o.AttributeValue, o.Operation = t[7], t[8], provisioning.Operation(t[9])
	o.RawStatus, o.Cause, o.IdentityID, o.IdentityName = t[10], t[11], t[12], t[13]
	o.RequesterID, o.RequesterName = t[14], t[15]
	o.ApproverName, o.ApprovalStatus, o.ErrorMessage = t[16], provisioning.Approval(t[17]), t[18]
	o.TicketID, o.Side = t[19], provisioning.FailedOn(t[20])
	o.RawCause, o.RawApproval, o.Warnings, o.RequestedItemName, o.RequestedItemType = t[21], t[22], t[23], t[24], t[25]
	o.RequesterComment, o.ReviewerComment, o.ClientMetadata = t[26], t[27], t[28]
}

// words are texts that nearly every group has; a value names them by number. The
// list may grow at its end up to firstOwn and never change otherwise: stored
// values use the numbers. Number 0 is the empty text.
var words = [...]string{
	"",
	"rest", "search", "events", "webhook", "file", "event", "trigger",
	"Add", "Create", "Modify", "Delete", "Disable", "Enable", "Unlock", "Lock", "Remove", "Set", "ChangePassword",
	"none", "identitynow", "source", "both",
	"Access Request", "Certification", "Attribute Sync", "Identity Refresh", "Lifecycle Change", "Password Request",
	"FINISHED", "COMMITED", "COMMITTED", "FAILED", "UNVERIFIABLE", "PENDING", "RETRY", "SUCCESS", "PASSED",
	"Finished", "Committed", "Failed", "Pending", "Retry", "Success", "Unverifiable",
	"finished", "committed", "failed", "pending", "retry", "success", "unverifiable",
	"APPROVED", "REJECTED", "Approved", "Rejected", "Returned", "Expired", "Canceled", "appRequest", "ROLE", "ACCESS_PROFILE", "ENTITLEMENT",
}

// firstOwn is the number of the first text that is a value's own.
const firstOwn = 128

var wordNumbers = func() map[string]uint64 {
	numbers := make(map[string]uint64, len(words))
	for i, w := range words {
		numbers[w] = uint64(i)
	}
	return numbers
}()
