package sailpoint

import (
	"strconv"

	"github.com/provtrail/provtrail/provisioning"
)

// rest reads an account activity: one observation an item.
func (r *reader) rest() error {
	d := r.doc
	if d.ID == "" {
		return invalid("id", "is missing: it is the group")
	}
	occurred, err := firstMoment(named{"modified", d.Modified}, named{"completed", d.Completed}, named{"created", d.Created})
	if err != nil {
		return err
	}
	created, err := moment("created", d.Created)
	if err != nil {
		return err
	}
	if len(d.Items) == 0 {
		r.ignore(ReasonNoRequests, d.Type)
		return nil
	}
	o := provisioning.Observation{
		Dialect: provisioning.DialectREST, GroupID: d.ID, VendorID: d.ID, Cause: causeOf(d.Type),
	}
	if d.RESTTarget != nil {
		o.IdentityID, o.IdentityName = d.RESTTarget.ID, d.RESTTarget.Name
	}
	if d.RESTRequester != nil {
		o.RequesterID, o.RequesterName = d.RESTRequester.ID, d.RESTRequester.Name
	}
	errors := joined(d.Errors)
	original := r.originals()
	from := len(r.to.Observations)
	for i := range d.Items {
		it := &d.Items[i]
		o := o
		requested, err := moment("items["+strconv.Itoa(i)+"].requested", it.Requested)
		if err != nil {
			r.to.Observations = r.to.Observations[:from]
			return err
		}
		o.OccurredAt, o.RequestedAt = occurred, requested
		if occurred == 0 {
			o.OccurredAt = requested
		}
		if requested == 0 {
			o.RequestedAt = created
		}
		o.ItemID, o.AccountID = it.ID, it.NativeIdentity
		o.SourceID, o.SourceName = source(it.SourceID, "")
		o.AttributeName = it.Attribute
		o.Operation, _ = provisioning.ParseOperation(it.Operation)
		o.RawStatus = it.ProvisioningStatus
		o.ReportedStatus = statusOf(it.ProvisioningStatus)
		o.ApproverName, o.ApprovalStatus = it.Reviewer.Name, it.ApprovalStatus
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

// source tells an id from a name in its place.
func source(id, name string) (sourceID, sourceName string) {
	if name == "" && id != "" && !isID(id) {
		return id, id
	}
	return id, name
}

// values adds one observation a value.
func (r *reader) values(o *provisioning.Observation, value raw, original *originals, i, a int) {
	if len(value) == 0 || value[0] != '[' || secret(o.AttributeName) {
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
