package model

import (
	"fmt"
	"slices"
)

// The causes, each in the words of every feed.
var (
	causeAccessRequest  = Cause{"Access Request", "appRequest", "Access Request", "AccessRequest"}
	causeCertification  = Cause{"Certification", "Certification", "Certification", "Certification"}
	causeIdentity       = Cause{"Identity Refresh", "Identity Refresh", "Identity Refresh", "IdentityRefresh"}
	causeAttributeSync  = Cause{"Attribute Sync", "Attribute Synchronization Refresh", "Attribute Synchronization Refresh", ""}
	causeLifecycle      = Cause{"Lifecycle Change", "LifecycleStateChange", "Lifecycle State Change", "LifecycleStateChange"}
	causePassword       = Cause{"Password Request", "CloudPasswordRequest", "Password Request", "PasswordRequest"}
	causeAccountState   = Cause{"Account State Change", "AccountStateUpdate", "AccountStateUpdate", "AccountStateUpdate"}
	causeCloudAutomated = Cause{"Automated Change", "CloudAutomated", "CloudAutomated", "CloudAutomated"}
)

var (
	reasons   = []string{"Needed for the quarter's closing.", "Joins the project on Monday.", "Cover for a colleague, see the ticket."}
	decisions = map[Decision][]string{
		Approved: {"Approved, in line with the role.", "OK", "Approved for the project only.", ""},
		Rejected: {"Not needed for this job.", "Please ask for the read-only role instead.", ""},
		Returned: {"I do not own this application any more.", ""},
		Expired:  {""}, Canceled: {""}, Undecided: {""},
	}
)

// accessRequest is a person who asks for access and waits for an approver.
func accessRequest(t *Tenant, rng random, g *Group) {
	g.Cause = &causeAccessRequest
	g.Requester = g.Recipient
	if rng.chance(0.2) {
		g.Requester = t.manager(g.Recipient)
	}
	if rng.chance(0.15) {
		g.Metadata = map[string]string{"ticketNumber": fmt.Sprintf("REQ%07d", rng.IntN(1e7))}
	}
	if rng.chance(0.5) {
		g.Comment = pick(rng, reasons)
	}
	if rng.chance(0.15) {
		g.RemoveAt = g.Created + rng.between(7, 180)*day
	}
	for _, s := range some(rng, t.connected, 1+rng.IntN(2)) {
		g.access(rng, s, Add)
	}
	if rng.chance(0.3) {
		item := g.entitlement(rng, t.identityNow, Add)
		item.ObjectType = "ROLE"
		g.request(rng, t.identityNow, Modify, item)
	}
	g.decide(t, rng)
}

// decide gives the group its approval and, if granted, its life.
func (g *Group) decide(t *Tenant, rng random) {
	a := &Approval{Approver: t.manager(g.Recipient), Outcome: Approved, At: g.Created + rng.around(3600, 1.6)}
	g.Approval = a
	switch p := rng.Float64(); {
	case p < 0.06:
		a.Outcome = Rejected
	case p < 0.07:
		a.Outcome = Returned
	case p < 0.08:
		a.Outcome, a.At = Expired, g.Created+14*day
	case p < 0.09:
		a.Outcome = Canceled
	case p < 0.12:
		a.Outcome, a.At = Undecided, never
	case p < 0.4:
		a.At = g.Created + rng.between(minute, 5*minute)
	}
	a.At = max(a.At, g.Created+20*second)
	a.Comment = pick(rng, decisions[a.Outcome])
	if a.Outcome == Approved {
		g.run(rng, a.At)
	} else {
		reported := rng.chance(0.5)
		for i := range g.Requests {
			g.Requests[i].refuse(g.Created, a, reported)
		}
	}
	g.close(rng)
}

// close lets an administrator close half of the requests that are stuck, days after the
// last that happened to them.
func (g *Group) close(rng random) {
	stuck := func(r Request) bool { return r.Life[len(r.Life)-1].State == Pending }
	if g.Approval.Declined() || !slices.ContainsFunc(g.Requests, stuck) || rng.chance(0.5) {
		return
	}
	changes := g.Changes()
	g.Closed = changes[len(changes)-1] + day + rng.around(86400, 0.8)
}

// access adds a request for one to three entitlements of a source; a person who
// has no account there gets one with them.
func (g *Group) access(rng random, s *Source, op Operation) {
	var items []Attribute
	for _, value := range some(rng, s.Entitlements, 1+rng.IntN(3)) {
		items = append(items, g.item(rng, s, op, value))
	}
	requestOp := Modify
	if op == Add && rng.chance(0.15) {
		requestOp = Create
	}
	g.request(rng, s, requestOp, items...)
}

func (g *Group) entitlement(rng random, s *Source, op Operation) Attribute {
	return g.item(rng, s, op, pick(rng, s.Entitlements))
}

func (g *Group) item(rng random, s *Source, op Operation, value string) Attribute {
	return Attribute{
		Operation: op, Name: s.EntitlementAttribute, Value: value,
		ObjectID: rng.hex32(), ObjectName: value, ObjectType: pick(rng, []string{"ENTITLEMENT", "ACCESS_PROFILE"}),
	}
}

// certification is a reviewer who revokes what a person should not have.
func certification(t *Tenant, rng random, g *Group) {
	g.Cause = &causeCertification
	g.Requester = t.manager(g.Recipient)
	for _, s := range some(rng, t.connected, 1+rng.IntN(2)) {
		g.access(rng, s, Remove)
	}
	g.run(rng, g.Created)
}

// identityRefresh brings accounts in line with a person's roles.
func identityRefresh(t *Tenant, rng random, g *Group) {
	g.Cause = &causeIdentity
	for _, s := range some(rng, t.connected, 1+rng.IntN(3)) {
		if rng.chance(0.25) {
			g.access(rng, s, Remove)
		} else {
			g.access(rng, s, Add)
		}
	}
	g.run(rng, g.Created)
}

// attributeSync writes a changed attribute of a person to every source that has it.
func attributeSync(t *Tenant, rng random, g *Group) {
	g.Cause = &causeAttributeSync
	for _, s := range some(rng, t.connected, 1+rng.IntN(4)) {
		var items []Attribute
		for _, name := range some(rng, s.Attributes, 1+rng.IntN(2)) {
			items = append(items, Attribute{Operation: Set, Name: name, Value: pick(rng, departments)})
		}
		g.request(rng, s, Modify, items...)
	}
	g.run(rng, g.Created)
}
