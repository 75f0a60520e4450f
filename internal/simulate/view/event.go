package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

// EventDocument is a document of the search index events.
type EventDocument struct {
	ID             string            `json:"id"`
	Stack          string            `json:"stack"`
	Created        string            `json:"created"`
	Synced         string            `json:"synced"`
	Action         string            `json:"action"`
	Type           string            `json:"type"`
	Name           string            `json:"name"`
	TechnicalName  string            `json:"technicalName"`
	Operation      string            `json:"operation"`
	Status         string            `json:"status"`
	Objects        []string          `json:"objects"`
	Actor          *named            `json:"actor"`
	Target         *named            `json:"target"`
	TrackingNumber string            `json:"trackingNumber"`
	IPAddress      string            `json:"ipAddress,omitempty"`
	Details        string            `json:"details,omitempty"`
	Attributes     map[string]string `json:"attributes"`
	Pod            string            `json:"pod"`
	Org            string            `json:"org"`
	DocumentType   string            `json:"_type"`
	Version        string            `json:"_version"`
}

// named is an actor or target; the vendor writes {} where it knows none.
type named struct {
	Name string `json:"name,omitempty"`
}

// Happening is one thing the events index reports: an account request passed or
// failed, or (Request is nil) the identity system's own side of a password change
// did. Operation is what the event speaks of: Modify for the account, Add or
// Remove for its entitlements, empty for a password change.
type Happening struct {
	Request   *model.Request
	Item      int // index of the entitlement, -1 for the account
	Phase     *model.Phase
	Operation model.Operation
	Password  bool
}

// Passed reports whether it went well.
func (h *Happening) Passed() bool { return h.Phase.State == model.Committed }

// Happenings lists what the events index reports of a group, in no order.
func Happenings(g *model.Group) []Happening {
	var out []Happening
	if g.Side != nil {
		out = append(out, Happening{Item: -1, Phase: g.Side, Password: true})
	}
	for i := range g.Requests {
		r := &g.Requests[i]
		if r.Sent == 0 {
			continue
		}
		for j := range r.Life {
			p := &r.Life[j]
			if p.State != model.Committed && p.State != model.Failed {
				continue
			}
			out = append(out, Happening{Request: r, Item: -1, Phase: p, Operation: r.Operation, Password: g.Password})
			for k := range r.Items {
				if op := r.Items[k].Operation; (op == model.Add || op == model.Remove) && !g.Password {
					out = append(out, Happening{Request: r, Item: k, Phase: p, Operation: op})
				}
			}
		}
	}
	return out
}

// Event is the document of a happening, as of its synchronisation.
func Event(t *model.Tenant, g *model.Group, h *Happening, synced int64) EventDocument {
	d := EventDocument{
		Created: Stamp(h.Phase.At), Synced: Stamp(synced), Status: "PASSED",
		Actor: &named{g.Requester.Name}, Target: &named{g.Recipient.Name}, TrackingNumber: g.ID,
		Pod: t.Pod, Org: t.Name, DocumentType: "event", Version: "v2",
		Attributes: map[string]string{"interface": g.Cause.Action, "org": t.Name, "pod": t.Pod},
	}
	if r := h.Request; r != nil {
		d.Attributes["sourceName"], d.Attributes["cloudAppName"] = r.Source.Name, r.Source.Name
		d.Attributes["sourceId"], d.Attributes["appId"] = r.Source.ID, r.Source.ID
		d.Attributes["accountName"], d.Attributes["accountUuid"] = r.Account, r.UUID
	} else {
		d.Attributes["sourceName"], d.Attributes["accountName"] = "IdentityNow", g.Recipient.Name
	}
	if g.Seed%23 == 0 {
		d.Target = &named{}
	}
	if !h.Passed() {
		d.Status = "FAILED"
		text, _ := json.Marshal([]string{h.Phase.Error}) // a list of strings always marshals
		d.Attributes["errors"] = string(text)
	}
	d.describe(h)
	d.ID = EventID(g, h)
	return d
}

// describe gives the event its names, by the vendor's rule OBJECTS_OPERATION_STATUS.
func (d *EventDocument) describe(h *Happening) {
	failure := ""
	if !h.Passed() {
		failure = "Failure"
	}
	op := string(h.Operation)
	switch {
	case h.Request == nil:
		d.Stack, d.Type, d.Objects = "pigs", "PASSWORD_ACTIVITY", []string{"USER_PASSWORD"}
		d.Action, d.Operation = "USER_PASSWORD_UPDATE_"+d.Status, "UPDATE"
		d.Name = "Update User Password "
	case h.Password:
		d.Stack, d.Type, d.Objects = "pigs", "PASSWORD_ACTIVITY", []string{"PASSWORD_ACTION"}
		d.Action, d.Operation = "passwordChange"+failure, "CHANGE"
		d.Name = "Change Password Action "
	case h.Item >= 0:
		d.Stack, d.Type, d.Objects = "tpe", "ACCESS_ITEM", []string{"ENTITLEMENT"}
		d.Action, d.Operation = op+"Entitlement"+failure, strings.ToUpper(op)
		d.Name = op + " Entitlement "
	default:
		d.Stack, d.Type, d.Objects = "wps", "PROVISIONING", []string{"ACCOUNT"}
		d.Action, d.Operation = op+"Account"+failure, strings.ToUpper(op)
		d.Name = op + " Account "
	}
	d.Name += d.Status[:1] + strings.ToLower(d.Status[1:])
	d.TechnicalName = d.Objects[0] + "_" + d.Operation + "_" + d.Status
}

// EventID is the id of the document of a happening.
func EventID(g *model.Group, h *Happening) string {
	seed := g.ID + "|" + strconv.Itoa(h.Item) + "|" + strconv.FormatInt(h.Phase.At, 10) + "|" + string(h.Operation)
	if h.Request != nil {
		seed += "|" + h.Request.Source.ID + "|" + string(h.Request.Operation)
	}
	sum := sha256.Sum256([]byte(seed))
	return hex.EncodeToString(sum[:])
}
