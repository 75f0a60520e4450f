package provisioning

import "strings"

// Approval is the state of an approval, in one vocabulary for all dialects. Empty means
// that there was none.
type Approval string

const (
	ApprovalPending  Approval = "Pending"
	ApprovalApproved Approval = "Approved"
	ApprovalRejected Approval = "Rejected"
	ApprovalReturned Approval = "Returned" // the approver declined to decide
	ApprovalExpired  Approval = "Expired"  // nobody decided in time
	ApprovalCanceled Approval = "Canceled" // withdrawn, or ended by an administrator
)

var approvals = map[string]Approval{
	"pending": ApprovalPending, "finished": ApprovalApproved, "approved": ApprovalApproved,
	"rejected": ApprovalRejected, "denied": ApprovalRejected, "returned": ApprovalReturned,
	"expired": ApprovalExpired, "canceled": ApprovalCanceled, "cancelled": ApprovalCanceled,
}

// ParseApproval reads a vendor's word in any case: FINISHED of the REST API is Approved.
// known is false for a word that is not in the list; it is then returned as it came.
func ParseApproval(word string) (approval Approval, known bool) {
	if word == "" {
		return "", true
	}
	if approval, known = approvals[strings.ToLower(word)]; known {
		return approval, true
	}
	return Approval(word), false
}

// Declined reports whether the approval ended without a yes, so that the change is not made.
func (a Approval) Declined() bool {
	switch a {
	case ApprovalRejected, ApprovalReturned, ApprovalExpired, ApprovalCanceled:
		return true
	default:
		return false
	}
}
