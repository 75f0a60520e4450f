package sailpoint

import (
	"cmp"

	"github.com/provtrail/provtrail/provisioning"
)

// accountRequests adds what each of a document's account requests says. common
// holds what the document says of all; describe adds what one of them says.
func (r *reader) accountRequests(requests []accountRequest, common provisioning.Observation,
	describe func(o *provisioning.Observation, q *accountRequest),
) {
	errors := joined(r.doc.Errors)
	original := r.originals()
	for i := range requests {
		q := &requests[i]
		o := common
		o.SourceID, o.SourceName = source(q.Source.ID, q.Source.Name)
		if o.SourceID == "" && o.SourceName == "" {
			o.SourceName = targetName(q.Target)
		}
		o.AccountID = q.AccountID
		describe(&o, q)
		if concernsErrors(o.ReportedStatus) {
			o.ErrorMessage = cmp.Or(joined(q.Result.Errors), errors)
		}
		word := cmp.Or(q.Op, q.AccountOperation)
		if len(q.Attributes) == 0 {
			o.Operation, _ = provisioning.ParseOperation(word)
			o.AccountLevel = o.Dialect == provisioning.DialectTrigger
			r.approved(&o)
			o.Original = original.of(i, -1, nil)
			r.add(&o)
			continue
		}
		for a := range q.Attributes {
			r.attribute(o, &q.Attributes[a], word, &original, i, a)
		}
	}
}

func (r *reader) attribute(o provisioning.Observation, a *attributeRequest, word string, original *originals, i, at int) {
	o.AttributeName = cmp.Or(a.Name, a.AttributeName)
	o.Operation, _ = provisioning.ParseOperation(cmp.Or(a.Op, a.Operation, word))
	r.approved(&o)
	value := a.Value
	if value == nil {
		value = a.AttributeValue
	}
	r.values(&o, value, original, i, at)
}

// targetName reads provisioningTarget, a name in triggers and an object in search.
func targetName(v raw) string {
	if len(v) > 0 && v[0] == '{' {
		var target identity
		if decode(string(v), &target) != nil {
			return ""
		}
		return target.Name
	}
	return text(v)
}

// approved names who approved the change or whose approval it waits for: the
// open approval where there is one, else the newest. Where an administrator closed the
// request, an approval that is open stays so.
func (r *reader) approved(o *provisioning.Observation) {
	var best *approval
	for i := range r.doc.Approvals {
		a := &r.doc.Approvals[i]
		if !concerns(a, o) {
			continue
		}
		if best == nil || later(a, best) {
			best = a
		}
	}
	if best != nil {
		o.ApproverName, o.RawApproval = best.Owner.Name, text(best.Result)
		o.ReviewerComment = comment(best.Comment)
		for i := range best.Comments {
			o.ReviewerComment = cmp.Or(text(best.Comments[i].Comment), o.ReviewerComment)
		}
		if o.RawApproval == "" {
			o.RawApproval = "pending" // an approval without a result waits for one
		}
		o.ApprovalStatus, _ = provisioning.ParseApproval(o.RawApproval)
	}
	r.closed(o)
}

// concerns reports whether an approval is about the source and attribute of o; an
// approval that names neither is about everything.
func concerns(a *approval, o *provisioning.Observation) bool {
	if a.Source.ID != "" && o.SourceID != "" && a.Source.ID != o.SourceID {
		return false
	}
	name := cmp.Or(a.Attribute.Name, a.Attribute.AttributeName)
	return name == "" || o.AttributeName == "" || name == o.AttributeName
}

func later(a, than *approval) bool {
	open, thanOpen := openApproval(a), openApproval(than)
	if open != thanOpen {
		return open
	}
	return text(a.Modified) > text(than.Modified)
}

func openApproval(a *approval) bool {
	word := plainWord(text(a.Result))
	return word == "" || word == "pending"
}
