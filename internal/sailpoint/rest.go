package sailpoint

import (
	"cmp"
	"strconv"

	"github.com/provtrail/provtrail/provisioning"
)

// rest reads an account activity: one observation an item.
func (r *reader) rest() error {
	d := r.doc
	if d.ID == "" {
		return invalid("id", "is missing: it is the group")
	}
	created := r.moment("created", d.Created)
	occurred := cmp.Or(r.firstMoment(named{"modified", d.Modified}, named{"completed", d.Completed}), created)
	if len(d.Items) == 0 {
		r.ignore(ReasonNoRequests, d.Type)
		return nil
	}
	o := provisioning.Observation{
		Dialect: provisioning.DialectREST, GroupID: d.ID, VendorID: d.ID, VendorCreatedAt: created, Cause: causeOf(d.Type), RawCause: d.Type,
		Warnings: joined(d.Warnings), ClientMetadata: object(d.ClientMetadata),
	}
	if d.RESTTarget != nil {
		o.IdentityID, o.IdentityName = d.RESTTarget.ID, d.RESTTarget.Name
	}
	if d.RESTRequester != nil {
		o.RequesterID, o.RequesterName = d.RESTRequester.ID, d.RESTRequester.Name
	}
	errors := joined(d.Errors)
	original := r.originals()
	for i := range d.Items {
		it := &d.Items[i]
		o := o
		requested := r.moment("items["+strconv.Itoa(i)+"].requested", it.Requested)
		o.OccurredAt, o.RequestedAt = cmp.Or(occurred, requested), cmp.Or(requested, created)
		o.ItemID, o.AccountID = it.ID, it.NativeIdentity
		o.SourceID, o.SourceName = source(it.SourceID, "")
		o.AttributeName = it.Attribute
		o.Operation, _ = provisioning.ParseOperation(it.Operation)
		o.RawStatus = it.ProvisioningStatus
		o.ReportedStatus = statusOf(it.ProvisioningStatus)
		o.ApproverName, o.RawApproval = it.Reviewer.Name, it.ApprovalStatus
		o.ApprovalStatus, _ = provisioning.ParseApproval(it.ApprovalStatus)
		o.RequestedItemName, o.RequestedItemType = it.Requests.Name, it.Requests.Type
		o.RequesterComment, o.ReviewerComment = comment(it.RequesterComment), comment(it.ReviewerComment)
		o.RemoveAt = r.moment("items["+strconv.Itoa(i)+"].removeDate", it.RemoveDate)
		if own := object(it.ClientMetadata); own != "" {
			o.ClientMetadata = own
		}
		r.closed(&o)
		if concernsErrors(o.ReportedStatus) {
			o.ErrorMessage = errors
		}
		r.values(&o, it.Value, &original, i, -1)
	}
	return nil
}

// concernsErrors: the errors of a whole document belong to what failed in it.
func concernsErrors(s provisioning.Status) bool {
	return s == provisioning.StatusFailed || s == provisioning.StatusRetrying
}

// source separates an id from a name in its place.
func source(id, name string) (sourceID, sourceName string) {
	if name == "" && id != "" && !isID(id) {
		return id, id
	}
	return id, name
}

// values adds one observation a value.
func (r *reader) values(o *provisioning.Observation, value raw, original *originals, i, a int) {
	if len(value) == 0 || value[0] != '[' || r.Secrets.isSecret(o.AttributeName) {
		o.AttributeValue = text(value)
		o.Original = original.of(i, a, nil)
		r.add(o)
		return
	}
	list := elements(value)
	if len(list) == 0 {
		o.Original = original.of(i, a, nil)
		r.add(o)
		return
	}
	for _, v := range list {
		o.AttributeValue = text(v)
		o.Original = original.of(i, a, v)
		r.add(o)
	}
}
