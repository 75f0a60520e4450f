package report

import (
	"cmp"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Wait is what an activity waits for. The zero Wait is of one that waits for nothing.
type Wait struct {
	For string // approval, manual task, next attempt, source or verification
	Who string // the approver or the ticket, where it is known
}

// WaitOf returns what an activity waits for. A password that was changed cannot be read back,
// so nothing verifies it.
func WaitOf(r *record.Record) Wait {
	switch {
	case r.Status == provisioning.StatusCommitted && r.Kind != provisioning.KindPassword:
		return Wait{For: "verification"}
	case !r.Status.Open():
		return Wait{}
	case r.ApprovalStatus == provisioning.ApprovalPending:
		return Wait{"approval", cmp.Or(r.ApproverName, "an approver")}
	case r.TicketID != "" || r.ErrorCategory == string(errorclass.ManualWork):
		return Wait{"manual task", r.TicketID}
	case r.Status == provisioning.StatusRetrying:
		return Wait{For: "next attempt"}
	default:
		return Wait{For: "source"}
	}
}

// waitColumns are those that WaitOf reads.
var waitColumns = []string{"status", "kind", "approval_status", "approver_name", "ticket_id", "error_category"}
