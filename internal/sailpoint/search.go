package sailpoint

import (
	"cmp"

	"github.com/provtrail/provtrail/provisioning"
)

// search reads a document of the accountactivities index.
func (r *reader) search() error {
	d := r.doc
	if d.TrackingNumber == "" {
		return invalid("trackingNumber", "is missing: it is the group")
	}
	requested := r.moment("created", d.Created)
	occurred := cmp.Or(r.firstMoment(named{"modified", d.Modified}), requested)
	if occurred == 0 {
		occurred = r.moment("synced", d.Synced)
	}
	requests := d.AccountRequests
	if len(requests) == 0 && present(d.OriginalRequests) {
		if err := decode(string(d.OriginalRequests), &requests); err != nil {
			return in("originalRequests", err)
		}
	}
	if len(requests) == 0 {
		r.ignore(ReasonNoRequests, d.Action)
		return nil
	}
	common := provisioning.Observation{
		Dialect: provisioning.DialectSearch, GroupID: d.TrackingNumber, VendorID: d.ID, VendorCreatedAt: requested,
		Cause: causeOf(d.Action), RawCause: d.Action, Warnings: joined(d.Warnings),
		IdentityID: d.Recipient.ID, IdentityName: d.Recipient.Name,
		RequesterID: d.Requester.ID, RequesterName: d.Requester.Name,
		OccurredAt: occurred, RequestedAt: requested,
	}
	r.accountRequests(requests, common, func(o *provisioning.Observation, q *accountRequest) {
		// Until a request has a result of its own, the document's status speaks for it.
		o.RawStatus = cmp.Or(q.Result.Status, q.ProvisioningState, d.Status)
		o.ReportedStatus = statusOf(o.RawStatus)
		o.TicketID = cmp.Or(text(q.Result.TicketID), text(q.TicketID))
	})
	return nil
}
