package truth

import (
	"encoding/json"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// details are those of one change that the documents behind a result have.
func details(g *model.Group, item *model.Attribute, o result) Details {
	d := Details{ApprovalStatus: string(o.approval)}
	if o.shown&showsApproval != 0 {
		d.ApproverName = g.Approval.Approver.Name
	}
	if o.shown&showsComment != 0 {
		d.ReviewerComment = g.Approval.Comment
	}
	warnings := g.Warnings
	if o.shown&showsClosing != 0 {
		warnings = g.WarningsAt(g.Closed)
	}
	if o.shown&showsWarnings != 0 {
		d.Warnings = strings.Join(warnings, "; ")
	}
	if o.shown&showsRequest == 0 {
		return d
	}
	d.RequestedItemName, d.RequestedItemType, d.RequesterComment = item.ObjectName, item.ObjectType, g.Comment
	if item.ObjectType == "" {
		d.RequestedItemName = ""
	}
	if g.Metadata != nil {
		text, _ := json.Marshal(g.Metadata) // a map of strings always marshals
		d.ClientMetadata = string(text)
	}
	d.RemoveAt = timeOrNil(g.RemoveAt)
	return d
}

func outcome(o result) string {
	switch {
	case o.status != model.Failed:
		return ""
	case o.approval.Declined():
		return string(provisioning.OutcomeDeclined)
	default:
		return string(provisioning.OutcomeFault)
	}
}

// categories are what the error may be called: a decision before any text.
func categories(o result, ticket string) []string {
	switch o.status {
	case model.Committed, model.Success, model.NotVerifiable:
		return nil // made, whatever became of the rest of its request
	default:
	}
	switch o.approval {
	case provisioning.ApprovalRejected, provisioning.ApprovalReturned:
		return []string{string(errorclass.ApprovalRejected)}
	case provisioning.ApprovalExpired:
		return []string{string(errorclass.ApprovalExpired)}
	case provisioning.ApprovalCanceled:
		return []string{string(errorclass.RequestCancelled)}
	default:
	}
	switch {
	case o.status == model.Pending && ticket != "" && o.approval != provisioning.ApprovalPending:
		return []string{string(errorclass.ManualWork)}
	case o.status != model.Failed && o.status != model.Retrying:
		return nil
	case len(o.errors) == 0:
		return []string{string(errorclass.Unclassified)}
	}
	out := make([]string, len(o.errors))
	for i, c := range o.errors {
		out[i] = string(c)
	}
	return out
}
