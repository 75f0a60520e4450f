package view

import "github.com/provtrail/provtrail/internal/simulate/model"

// ActivityDocument is a document of the search index accountactivities.
type ActivityDocument struct {
	ID               string            `json:"id"`
	Action           string            `json:"action"`
	Created          string            `json:"created"`
	Modified         string            `json:"modified"`
	Synced           string            `json:"synced"`
	Stage            string            `json:"stage"`
	Status           string            `json:"status"`
	Requester        Party             `json:"requester"`
	Recipient        Party             `json:"recipient"`
	TrackingNumber   string            `json:"trackingNumber"`
	Errors           []string          `json:"errors"`
	Warnings         []string          `json:"warnings"`
	Approvals        []ApprovalEntry   `json:"approvals"`
	OriginalRequests []OriginalRequest `json:"originalRequests"`
	ExpansionItems   []struct{}        `json:"expansionItems"`
	AccountRequests  []AccountRequest  `json:"accountRequests"`
	Sources          string            `json:"sources"`
	Pod              string            `json:"pod"`
	Org              string            `json:"org"`
	DocumentType     string            `json:"_type"`
	Type             string            `json:"type"`
	Version          string            `json:"_version"`
}

// Party is somebody or something a document points to.
type Party struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Type string `json:"type"`
}

// AttributeRequest is a change of one attribute; Value is a string or a list.
type AttributeRequest struct {
	Op    string `json:"op"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Result is how an account request went.
type Result struct {
	Status   string   `json:"status"`
	Errors   []string `json:"errors,omitempty"`
	TicketID string   `json:"ticketId,omitempty"`
}

// AccountRequest is one instruction to one source.
type AccountRequest struct {
	Result             Result             `json:"result"`
	AccountID          string             `json:"accountId"`
	Op                 string             `json:"op"`
	ProvisioningTarget Party              `json:"provisioningTarget"`
	Source             Party              `json:"source"`
	AttributeRequests  []AttributeRequest `json:"attributeRequests"`
}

// OriginalRequest is what was asked for before it became instructions.
type OriginalRequest struct {
	Result            Result             `json:"result"`
	AccountID         string             `json:"accountId"`
	Op                string             `json:"op"`
	AccountUUID       string             `json:"accountUuid"`
	Source            Party              `json:"source"`
	AttributeRequests []AttributeRequest `json:"attributeRequests"`
}

// ApprovalEntry is one decision.
type ApprovalEntry struct {
	Owner            Party             `json:"owner"`
	Result           string            `json:"result"`
	Comments         []ApprovalComment `json:"comments,omitempty"`
	AttributeRequest AttributeRequest  `json:"attributeRequest"`
	AccountUUID      string            `json:"accountUuid"`
	Modified         string            `json:"modified"`
	Source           Party             `json:"source"`
}

// ApprovalComment is what the approver wrote.
type ApprovalComment struct {
	Comment   string `json:"comment"`
	Commenter string `json:"commenter"`
	Date      string `json:"date"`
}

// A committed and a verified change read the same here: the index is coarse.
var searchStates = [...]string{
	model.Pending: "pending", model.Retrying: "retry", model.Committed: "committed",
	model.Failed: "failed", model.NotVerifiable: "unverifiable", model.Success: "committed",
}

// Search is the group's document in the search index as of its synchronisation.
func Search(t *model.Tenant, g *model.Group, synced int64) ActivityDocument {
	d := ActivityDocument{
		ID: g.DocumentID, Action: g.Cause.Action, Created: Stamp(g.Created), Modified: Stamp(g.Modified(synced)),
		Synced: Stamp(synced), Requester: person(g.Requester), Recipient: person(g.Recipient),
		TrackingNumber: g.ID, Errors: errorsUntil(g, synced), Warnings: g.WarningsAt(synced), Sources: sourceNames(g),
		ExpansionItems: []struct{}{}, Approvals: []ApprovalEntry{}, AccountRequests: []AccountRequest{}, OriginalRequests: []OriginalRequest{},
		Pod: t.Pod, Org: t.Name, DocumentType: "accountactivity", Type: "accountactivity", Version: "v2",
	}
	d.Stage, d.Status = stage(g, synced)
	for i := range g.Requests {
		r := &g.Requests[i]
		source := sourceParty(r.Source)
		changes := attributeRequests(g, r)
		d.OriginalRequests = append(d.OriginalRequests, OriginalRequest{
			Result: Result{Status: "Manual Task Created"}, AccountID: r.Account, Op: string(r.Operation),
			AccountUUID: r.UUID, Source: source, AttributeRequests: changes,
		})
		if g.Approval != nil {
			d.Approvals = append(d.Approvals, approval(g, r, changes, synced))
		}
		if r.Started(synced) {
			d.AccountRequests = append(d.AccountRequests, accountRequest(r, source, changes, synced))
		}
	}
	return d
}

func accountRequest(r *model.Request, source Party, changes []AttributeRequest, at int64) AccountRequest {
	phase := r.At(at)
	out := AccountRequest{
		Result:    Result{Status: searchStates[phase.State], TicketID: r.TicketID},
		AccountID: r.Account, Op: string(r.Operation), ProvisioningTarget: source, Source: source, AttributeRequests: changes,
	}
	if phase.AsPending {
		out.Result.Status = searchStates[model.Pending]
	}
	if phase.Error != "" {
		out.Result.Errors = []string{phase.Error}
	}
	if desk := r.Source.ServiceDesk; desk != "" {
		out.ProvisioningTarget.Name = desk
	}
	return out
}

// attributeRequests joins what is done alike to one attribute into one entry, as
// the vendor does for about every second document.
func attributeRequests(g *model.Group, r *model.Request) []AttributeRequest {
	out := make([]AttributeRequest, 0, len(r.Items))
	for i := range r.Items {
		item := &r.Items[i]
		if item.Name == "" {
			continue
		}
		if n := len(out); n > 0 && g.Seed&1 == 0 && out[n-1].Name == item.Name && out[n-1].Op == string(item.Operation) {
			switch v := out[n-1].Value.(type) {
			case string:
				out[n-1].Value = []string{v, item.Value}
			case []string:
				v = append(v, item.Value)
				out[n-1].Value = v
			}
			continue
		}
		a := AttributeRequest{Op: string(item.Operation), Name: item.Name}
		if item.Value != "" {
			a.Value = item.Value
		}
		out = append(out, a)
	}
	return out
}

func approval(g *model.Group, r *model.Request, changes []AttributeRequest, at int64) ApprovalEntry {
	a := g.Approval
	out := ApprovalEntry{
		Owner: person(a.Approver), AccountUUID: r.UUID, Source: sourceParty(r.Source), Modified: Stamp(g.Modified(at)),
		Result: approvalWords[a.Decided(at)],
	}
	if len(changes) > 0 {
		out.AttributeRequest = changes[0]
	}
	if a.At <= at && a.Comment != "" {
		out.Comments = []ApprovalComment{{a.Comment, a.Approver.Name, Stamp(a.At)}}
	}
	return out
}

var approvalWords = map[model.Decision]string{
	model.Undecided: "Pending", model.Approved: "Finished", model.Rejected: "Rejected", model.Returned: "Returned",
	model.Expired: "Expired", model.Canceled: "Canceled",
}

func stage(g *model.Group, at int64) (stage, status string) {
	if a := g.Approval; a != nil && a.Decided(at) == model.Undecided && !g.ClosedBy(at) {
		return "Approval", "Pending"
	}
	execution, completion := progress(g, at)
	switch {
	case execution == "EXECUTING":
		return "Provisioning", "Pending"
	case execution == "TERMINATED":
		return "Completed", "Canceled"
	case *completion == "SUCCESS":
		return "Completed", "Complete"
	case *completion == "FAILURE":
		return "Completed", "Failed"
	default:
		return "Completed", "Incomplete"
	}
}

func person(i *model.Identity) Party { return Party{i.Name, i.ID, "Identity"} }

func sourceParty(s *model.Source) Party { return Party{s.Name, s.ID, s.Type} }
