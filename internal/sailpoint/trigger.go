package sailpoint

import (
	"github.com/provtrail/provtrail/provisioning"
)

// trigger reads a Provisioning Completed event. The body has no time; the envelope that
// EventBridge and others put around it has one.
func (r *reader) trigger() error {
	d := r.doc
	if d.TrackingNumber == "" {
		return invalid("trackingNumber", "is missing: it is the group")
	}
	if len(d.AccountRequests) == 0 {
		r.ignore(ReasonNoRequests, d.Action)
		return nil
	}
	common := provisioning.Observation{
		Dialect: provisioning.DialectTrigger, GroupID: d.TrackingNumber, VendorID: r.env.id, OccurredAt: r.env.occurred, Cause: causeOf(d.Action), RawCause: d.Action, Warnings: joined(d.Warnings),
		IdentityID: d.Recipient.ID, IdentityName: d.Recipient.Name,
		RequesterID: d.Requester.ID, RequesterName: d.Requester.Name,
	}
	r.accountRequests(d.AccountRequests, common, func(o *provisioning.Observation, q *accountRequest) {
		o.RawStatus = q.ProvisioningState
		o.ReportedStatus = r.performed(q.ProvisioningState)
		o.TicketID = text(q.TicketID)
	})
	return nil
}
