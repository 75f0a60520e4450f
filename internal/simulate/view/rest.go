package view

import "github.com/provtrail/provtrail/internal/simulate/model"

// AccountActivity is the document of GET /account-activities.
type AccountActivity struct {
	ID                       string            `json:"id"`
	Name                     string            `json:"name"`
	Created                  string            `json:"created"`
	Modified                 *string           `json:"modified"`
	Completed                *string           `json:"completed"`
	CompletionStatus         *string           `json:"completionStatus"`
	Type                     string            `json:"type"`
	RequesterIdentitySummary *IdentitySummary  `json:"requesterIdentitySummary"`
	TargetIdentitySummary    *IdentitySummary  `json:"targetIdentitySummary"`
	Errors                   []string          `json:"errors"`
	Warnings                 []string          `json:"warnings"`
	Items                    []Item            `json:"items"`
	ExecutionStatus          string            `json:"executionStatus"`
	ClientMetadata           map[string]string `json:"clientMetadata"`
}

// Item is one change of an account activity.
type Item struct {
	ID                      string              `json:"id"`
	Name                    string              `json:"name"`
	Requested               string              `json:"requested"`
	ApprovalStatus          *string             `json:"approvalStatus"`
	ProvisioningStatus      string              `json:"provisioningStatus"`
	RequesterComment        *Comment            `json:"requesterComment"`
	ReviewerIdentitySummary *IdentitySummary    `json:"reviewerIdentitySummary"`
	ReviewerComment         *Comment            `json:"reviewerComment"`
	Operation               string              `json:"operation"`
	Attribute               *string             `json:"attribute"`
	Value                   *string             `json:"value"`
	NativeIdentity          string              `json:"nativeIdentity"`
	SourceID                string              `json:"sourceId"`
	AccountRequestInfo      *AccountRequestInfo `json:"accountRequestInfo"`
	ClientMetadata          map[string]string   `json:"clientMetadata"`
	RemoveDate              *string             `json:"removeDate"`
}

// IdentitySummary names a person; real documents carry no more than this.
type IdentitySummary struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Comment is what a requester or reviewer wrote.
type Comment struct {
	CommenterID   string `json:"commenterId"`
	CommenterName string `json:"commenterName"`
	Body          string `json:"body"`
	Date          string `json:"date"`
}

// AccountRequestInfo is the access somebody asked for.
type AccountRequestInfo struct {
	ID   string `json:"requestedObjectId"`
	Name string `json:"requestedObjectName"`
	Type string `json:"requestedObjectType"`
}

var restStates = [...]string{
	model.Pending: "PENDING", model.Retrying: "RETRY", model.Committed: "COMMITED",
	model.Failed: "FAILED", model.NotVerifiable: "UNVERIFIABLE", model.Success: "FINISHED",
}

var restOperations = map[model.Operation]string{
	model.Create: "CREATE", model.Modify: "MODIFY", model.Delete: "DELETE", model.Disable: "DISABLE",
	model.Enable: "ENABLE", model.Unlock: "UNLOCK", model.Add: "ADD", model.Remove: "REMOVE", model.Set: "SET",
}

// REST is the account activity as a reader sees it at the time.
func REST(g *model.Group, at int64) AccountActivity {
	a := AccountActivity{
		ID: g.ID, Name: g.ID, Created: Stamp(g.Created), Type: g.Cause.RESTType,
		RequesterIdentitySummary: summary(g.Requester), TargetIdentitySummary: summary(g.Recipient),
		Errors: errorsUntil(g, at), Warnings: g.WarningsAt(at), ClientMetadata: g.Metadata,
	}
	modified := g.Modified(at)
	if modified != g.Created {
		a.Modified = new(Stamp(modified))
	}
	a.ExecutionStatus, a.CompletionStatus = progress(g, at)
	if a.ExecutionStatus == "COMPLETED" || a.ExecutionStatus == "TERMINATED" {
		a.Completed = new(Stamp(modified))
	}
	for i := range g.Requests {
		r := &g.Requests[i]
		for j := range r.Items {
			a.Items = append(a.Items, item(g, r, &r.Items[j], at))
		}
	}
	return a
}

func item(g *model.Group, r *model.Request, change *model.Attribute, at int64) Item {
	out := Item{
		ID: change.ItemID, Name: change.ItemID, Requested: Stamp(g.Created),
		ProvisioningStatus: restState(r.At(at)), Operation: restOperations[change.Operation],
		Attribute: nilIfEmpty(change.Name), Value: nilIfEmpty(change.Value),
		NativeIdentity: r.Account, SourceID: r.Source.RESTID(), ClientMetadata: g.Metadata,
	}
	if change.ObjectType != "" {
		out.AccountRequestInfo = &AccountRequestInfo{change.ObjectID, change.ObjectName, change.ObjectType}
	}
	if g.Comment != "" {
		out.RequesterComment = &Comment{g.Requester.ID, g.Requester.Display, g.Comment, Stamp(g.Created)}
	}
	if g.RemoveAt != 0 {
		out.RemoveDate = new(Stamp(g.RemoveAt))
	}
	if a := g.Approval; a != nil {
		state := a.Decided(at)
		out.ApprovalStatus = nilIfEmpty(string(state))
		out.ReviewerIdentitySummary = summary(a.Approver)
		if state != model.Undecided && a.Comment != "" {
			out.ReviewerComment = &Comment{a.Approver.ID, a.Approver.Display, a.Comment, Stamp(a.At)}
		}
	}
	return out
}

func restState(p *model.Phase) string {
	if p.AsPending {
		return restStates[model.Pending]
	}
	return restStates[p.State]
}

func summary(i *model.Identity) *IdentitySummary { return &IdentitySummary{i.ID, i.Name} }

// progress is the activity's own two words for how far it is.
func progress(g *model.Group, at int64) (execution string, completion *string) {
	var open, unverified, failed int
	for i := range g.Requests {
		switch g.Requests[i].At(at).State {
		case model.Pending, model.Retrying:
			open++
		case model.Committed:
			unverified++
		case model.Failed:
			failed++
		default:
		}
	}
	decision := model.Undecided
	if g.Approval != nil {
		decision = g.Approval.Decided(at)
	}
	switch {
	case g.ClosedBy(at), decision == model.Canceled, decision == model.Expired:
		return "TERMINATED", new("FAILURE")
	case decision == model.Rejected, decision == model.Returned:
		return "COMPLETED", new("FAILURE")
	case open > 0:
		return "EXECUTING", new("PENDING")
	case failed == len(g.Requests):
		completion = new("FAILURE")
	case failed > 0:
		completion = new("INCOMPLETE")
	default:
		completion = new("SUCCESS")
	}
	if unverified > 0 {
		return "VERIFYING", completion
	}
	return "COMPLETED", completion
}
