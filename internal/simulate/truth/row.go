package truth

import (
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/provisioning"
)

// Activity is the truth about one activity: a line of activities.ndjson. Times
// are absent where no document with a vendor's time gave them.
type Activity struct {
	Revision       uint64 `json:"revision"`
	Tenant         string `json:"tenant"`
	GroupID        string `json:"group_id"`
	GroupNumber    int64  `json:"group_number"`
	ActivityID     string `json:"activity_id"`
	Status         string `json:"status"`
	Outcome        string `json:"outcome,omitempty"`
	ActualStatus   string `json:"actual_status"` // true in the end, reported or not
	Kind           string `json:"kind"`
	Operation      string `json:"operation"`
	Cause          string `json:"cause"`
	FailedOn       string `json:"failed_on,omitempty"` // password changes only
	Attempts       int    `json:"attempts"`
	SourceKey      string `json:"source_key"`  // what identifies the source: its id, or its name
	SourceName     string `json:"source_name"` // its key while no document gave the name
	AccountID      string `json:"account_id"`
	AttributeName  string `json:"attribute_name,omitempty"`
	AttributeValue string `json:"attribute_value,omitempty"`
	AccountLevel   bool   `json:"account_level"` // no document named the attributes
	IdentityID     string `json:"identity_id"`
	IdentityName   string `json:"identity_name"`
	TicketID       string `json:"ticket_id,omitempty"`
	Details
	RequestedAt          time.Time  `json:"requested_at"`
	FirstPendingAt       *time.Time `json:"first_pending_at,omitempty"`
	FirstRetryingAt      *time.Time `json:"first_retrying_at,omitempty"`
	FirstNotVerifiableAt *time.Time `json:"first_not_verifiable_at,omitempty"`
	CommittedAt          *time.Time `json:"committed_at,omitempty"`
	FinishedAt           *time.Time `json:"finished_at,omitempty"`
	FirstFailedAt        *time.Time `json:"first_failed_at,omitempty"`
	FailedAt             *time.Time `json:"failed_at,omitempty"` // the last failure; absent if a trigger, which has no time, may have reported it later
}

// Details are what documents give beside the change: nothing that none of them gave.
type Details struct {
	ApproverName      string     `json:"approver_name,omitempty"`
	ApprovalStatus    string     `json:"approval_status,omitempty"`
	Warnings          string     `json:"warnings,omitempty"`
	RequestedItemName string     `json:"requested_item_name,omitempty"`
	RequestedItemType string     `json:"requested_item_type,omitempty"`
	RequesterComment  string     `json:"requester_comment,omitempty"`
	ReviewerComment   string     `json:"reviewer_comment,omitempty"`
	ClientMetadata    string     `json:"client_metadata,omitempty"`
	RemoveAt          *time.Time `json:"remove_at,omitempty"`
	// ErrorCategories has the error's category: one, or several of which a store has any,
	// where documents of one time give different errors.
	ErrorCategories []string `json:"error_categories,omitempty"`
}

// redacted is what every store must have in the place of a password.
const redacted = "[redacted]"

// Group is the truth about one group: a line of groups.ndjson.
type Group struct {
	Revision    uint64         `json:"revision"`
	Tenant      string         `json:"tenant"`
	GroupID     string         `json:"group_id"`
	GroupNumber int64          `json:"group_number"`
	GroupStatus string         `json:"group_status"`
	Activities  int            `json:"activities"`
	Counts      map[string]int `json:"counts"`
	Sources     []string       `json:"sources"` // names where known, else keys; sorted
	Cause       string         `json:"cause"`
	IdentityID  string         `json:"identity_id"`
	FailedOn    string         `json:"failed_on,omitempty"` // of a password change, over all its sides
}

var statusWords = [...]string{
	model.Pending: "Pending", model.Retrying: "Retrying", model.Committed: "Committed",
	model.Failed: "Failed", model.NotVerifiable: "Not Verifiable", model.Success: "Success",
}

// worst lists the states from the worst to the best.
var worst = []model.State{model.Failed, model.Retrying, model.Pending, model.NotVerifiable, model.Committed, model.Success}

// Rows is what is known of the group. ok is false while no document reported anything.
func (l *Ledger) Rows(revision uint64) (activities []Activity, group Group, ok bool) {
	for i := range l.group.Requests {
		activities = append(activities, l.request(i, revision)...)
	}
	if len(l.sides) > 0 && !slices.ContainsFunc(activities, ofPassword) {
		activities = append(activities, l.sideOnly(revision))
	}
	if len(activities) == 0 {
		return nil, Group{}, false
	}
	return activities, l.summary(activities, revision), true
}

// ofPassword reports whether the identity system's side of a password change
// is about the activity: a change of an account that names no password may be
// another one.
func ofPassword(a Activity) bool {
	return a.AttributeName == model.PasswordAttribute || a.Operation == string(changePassword)
}

// request lists the activities of one account request: one per change where a
// document named them, else one per report about the account as a whole.
func (l *Ledger) request(i int, revision uint64) []Activity {
	r, reports := &l.group.Requests[i], l.reports[i]
	if len(reports) == 0 {
		return nil
	}
	reports = append(slices.Clone(reports), l.sides...)
	var out []Activity
	if slices.ContainsFunc(reports, func(rep report) bool { return rep.scope == "" }) || onAccount(r, reports) {
		for j := range r.Items {
			item := &r.Items[j]
			about := filter(reports, func(rep report) bool { return covers(rep.scope, item.Operation, l.group.Password) })
			out = append(out, l.activity(r, item, settle(about), revision))
		}
		return out
	}
	var scopes []model.Operation
	for _, rep := range reports {
		if !rep.side && !slices.Contains(scopes, rep.scope) {
			scopes = append(scopes, rep.scope)
			about := filter(reports, func(other report) bool {
				return other.scope == rep.scope && (!other.side || rep.scope == changePassword)
			})
			a := l.activity(r, &model.Attribute{Operation: rep.scope}, settle(about), revision)
			a.AccountLevel = true
			out = append(out, a)
		}
	}
	return out
}

// onAccount reports whether the change is one of the account itself, so that what
// is reported of the account names it completely.
func onAccount(r *model.Request, reports []report) bool {
	return r.Items[0].Name == "" && slices.ContainsFunc(reports, func(rep report) bool { return rep.scope == r.Items[0].Operation })
}

func (l *Ledger) activity(r *model.Request, item *model.Attribute, o result, revision uint64) Activity {
	g := l.group
	source := r.Source.ID
	if r.Source.IdentityNow() && !l.joined {
		source = r.Source.Name
	}
	value := item.Value
	if item.Name == model.PasswordAttribute {
		value = redacted
	}
	op := item.Operation
	if g.Password {
		op = changePassword // whatever word a document has
	}
	actual := r.Life[len(r.Life)-1].State
	if g.Declined() && (actual == model.Pending || actual == model.Retrying) {
		actual = model.Failed
	}
	key := provisioning.ActivityKey{
		Tenant: l.tenant, GroupID: g.ID, Source: source, Account: strings.ToLower(r.Account),
		Attribute: item.Name, Value: value, Operation: provisioning.Operation(op),
	}
	a := Activity{
		Revision: revision, Tenant: l.tenant, GroupID: g.ID, GroupNumber: provisioning.GroupNumber(l.tenant, g.ID),
		ActivityID: key.ID().String(), Status: statusWords[o.status], Outcome: outcome(o), ActualStatus: statusWords[actual],
		Kind: kind(g, item), Operation: string(op), Cause: g.Cause.Name, Attempts: o.attempts,
		SourceKey: source, SourceName: l.names.of(source), AccountID: r.Account, AttributeName: item.Name, AttributeValue: value,
		IdentityID: g.Recipient.ID, IdentityName: g.Recipient.Name, RequestedAt: model.Time(g.Created),
		FirstPendingAt: timeOrNil(o.firstPending), FirstRetryingAt: timeOrNil(o.firstRetrying), FirstNotVerifiableAt: timeOrNil(o.firstNotVerifiable), CommittedAt: timeOrNil(o.committed), FinishedAt: timeOrNil(o.finished),
		FirstFailedAt: timeOrNil(o.firstFailed), FailedAt: timeOrNil(o.lastFailed),
	}
	if o.untimed {
		a.FailedAt = nil
	}
	if o.shown&showsTicket != 0 {
		a.TicketID = r.TicketID
	}
	a.Details = details(g, item, o)
	a.ErrorCategories = categories(o, a.TicketID)
	if g.Password {
		a.FailedOn = side(r, o)
	}
	return a
}

func (l *Ledger) summary(activities []Activity, revision uint64) Group {
	first := &activities[0]
	g := Group{
		Revision: revision, Tenant: first.Tenant, GroupID: first.GroupID, GroupNumber: first.GroupNumber,
		Activities: len(activities), Counts: map[string]int{}, Cause: first.Cause, IdentityID: first.IdentityID,
	}
	for i := range activities {
		a := &activities[i]
		g.Counts[a.Status]++
		g.FailedOn = both(g.FailedOn, a.FailedOn)
		if at, found := slices.BinarySearch(g.Sources, a.SourceName); a.SourceName != "" && !found {
			g.Sources = slices.Insert(g.Sources, at, a.SourceName)
		}
	}
	for _, s := range worst {
		if g.Counts[statusWords[s]] > 0 {
			g.GroupStatus = statusWords[s]
			break
		}
	}
	return g
}

func kind(g *model.Group, item *model.Attribute) string {
	switch {
	case g.Password:
		return "password"
	case item.Operation == model.Remove, item.Operation == model.Delete, item.Operation == model.Disable:
		return "deprovisioning"
	case g.Cause.Name == "Certification" && (item.Operation == model.Modify || item.Operation == model.Set):
		return "deprovisioning"
	default:
		return "provisioning"
	}
}

// side is the side on which a password change failed.
func side(r *model.Request, o result) string {
	source, identityNow := o.failedOn[0], o.failedOn[1]
	if r.Source.IdentityNow() {
		source, identityNow = false, source
	}
	switch {
	case source && identityNow:
		return "both"
	case source:
		return "source"
	case identityNow:
		return "identitynow"
	default:
		return "none"
	}
}

// sideOnly is a password change of which only the identity system's own side
// was reported: neither source nor account is known.
func (l *Ledger) sideOnly(revision uint64) Activity {
	r := model.Request{Source: &model.Source{}, Life: l.group.Requests[0].Life}
	o := settle(slices.Clone(l.sides))
	a := l.activity(&r, &model.Attribute{Operation: changePassword}, o, revision)
	a.AccountLevel = true
	return a
}

func both(a, b string) string {
	switch {
	case a == "" || a == "none" || a == b:
		return b
	case b == "none" || b == "":
		return a
	default:
		return "both"
	}
}

func timeOrNil(at int64) *time.Time {
	if at == 0 {
		return nil
	}
	return new(model.Time(at))
}

func filter(reports []report, keep func(report) bool) []report {
	return slices.DeleteFunc(slices.Clone(reports), func(r report) bool { return !keep(r) })
}
