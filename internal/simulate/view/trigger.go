package view

import (
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

// Trigger is the Provisioning Completed payload. It has no time and no id.
type Trigger struct {
	TrackingNumber  string           `json:"trackingNumber"`
	Sources         string           `json:"sources"`
	Action          *string          `json:"action"`
	Errors          []string         `json:"errors"`
	Warnings        []string         `json:"warnings"`
	Recipient       Party            `json:"recipient"`
	Requester       *Party           `json:"requester"`
	AccountRequests []TriggerRequest `json:"accountRequests"`
}

// Envelope is a trigger as Amazon EventBridge delivers it, which gives it a time and an id.
type Envelope struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"` // whole seconds
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     Trigger  `json:"detail"`
}

// Enveloped is the trigger of a group in its envelope, as of the time it is fired.
func Enveloped(g *model.Group, at int64) Envelope {
	return Envelope{
		Version: "0", ID: g.DocumentID, DetailType: "idn:post-provisioning", Source: "aws.partner/sailpoint.com/simulated/idn/provtrail",
		Account: "000000000000", Time: model.Time(at).Format(time.RFC3339), Region: "us-east-1", Resources: []string{}, Detail: Completed(g, at),
	}
}

// TriggerRequest is the trigger's account request.
type TriggerRequest struct {
	Source             Party              `json:"source"`
	AccountID          string             `json:"accountId"`
	AccountOperation   string             `json:"accountOperation"`
	ProvisioningResult string             `json:"provisioningResult"`
	ProvisioningTarget string             `json:"provisioningTarget"`
	TicketID           *string            `json:"ticketId"`
	AttributeRequests  []TriggerAttribute `json:"attributeRequests"`
}

// TriggerAttribute is the trigger's attribute request.
type TriggerAttribute struct {
	AttributeName  string  `json:"attributeName"`
	AttributeValue *string `json:"attributeValue"`
	Operation      string  `json:"operation"`
}

// Completed is the trigger of a group, as of the time it is fired.
func Completed(g *model.Group, at int64) Trigger {
	t := Trigger{
		TrackingNumber: g.ID, Sources: sourceNames(g), Action: nilIfEmpty(g.Cause.Trigger),
		Errors: errorsUntil(g, at), Warnings: g.WarningsAt(at),
		Recipient: Party{Type: "IDENTITY", ID: g.Recipient.ID, Name: g.Recipient.Name},
		Requester: &Party{Type: "IDENTITY", ID: g.Requester.ID, Name: g.Requester.Name},
	}
	for i := range g.Requests {
		t.AccountRequests = append(t.AccountRequests, triggerRequest(g, &g.Requests[i], at))
	}
	return t
}

func triggerRequest(g *model.Group, r *model.Request, at int64) TriggerRequest {
	out := TriggerRequest{
		Source:    Party{Type: "SOURCE", ID: r.Source.ID, Name: r.Source.Name},
		AccountID: r.Account, AccountOperation: string(r.Operation), ProvisioningResult: triggerWords[r.At(at).State],
		ProvisioningTarget: r.Source.Name, TicketID: nilIfEmpty(r.TicketID),
	}
	if r.Source.ServiceDesk != "" {
		out.ProvisioningTarget = r.Source.ServiceDesk
	}
	if NamesAttributes(g) {
		for i := range r.Items {
			if item := &r.Items[i]; item.Name != "" {
				out.AttributeRequests = append(out.AttributeRequests, TriggerAttribute{item.Name, nilIfEmpty(item.Value), string(item.Operation)})
			}
		}
	}
	return out
}

// NamesAttributes reports whether the group's trigger names the attributes
// that changed; some triggers do not.
func NamesAttributes(g *model.Group) bool { return g.Seed%11 != 0 }

var triggerWords = [...]string{
	model.Pending: "PENDING", model.Retrying: "PENDING", model.Committed: "SUCCESS",
	model.Failed: "FAILED", model.NotVerifiable: "SUCCESS", model.Success: "SUCCESS",
}
