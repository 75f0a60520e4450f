package model

import "fmt"

// The causes, each in the words of every feed.
var (
	causeAccessRequest  = Cause{"Access Request", "appRequest", "Access Request", "AccessRequest"}
	causeCertification  = Cause{"Certification", "Certification", "Certification", "Certification"}
	causeIdentity       = Cause{"Identity Refresh", "Identity Refresh", "Identity Refresh", "IdentityRefresh"}
	causeAttributeSync  = Cause{"Attribute Sync", "Attribute Synchronization Refresh", "Attribute Synchronization Refresh", ""}
	causeLifecycle      = Cause{"Lifecycle Change", "LifecycleStateChange", "Lifecycle State Change", "LifecycleStateChange"}
	causePassword       = Cause{"Password Request", "CloudPasswordRequest", "Password Request", "PasswordRequest"}
	causeAccountState   = Cause{"AccountStateUpdate", "AccountStateUpdate", "AccountStateUpdate", "AccountStateUpdate"}
	causeCloudAutomated = Cause{"CloudAutomated", "CloudAutomated", "CloudAutomated", "CloudAutomated"}
)

var decisions = []string{"Approved, in line with the role.", "OK", "Approved for the project only.", "Not needed for this job.", ""}

// accessRequest is a person who asks for access and waits for an approver.
func accessRequest(t *Tenant, dice random, g *Group) {
	g.Cause = &causeAccessRequest
	g.Requester = g.Recipient
	if dice.chance(0.2) {
		g.Requester = t.manager(g.Recipient)
	}
	if dice.chance(0.15) {
		g.Metadata = map[string]string{"ticketNumber": fmt.Sprintf("REQ%07d", dice.IntN(1e7))}
	}
	for _, s := range some(dice, t.connected, 1+dice.IntN(2)) {
		g.access(dice, s, Add)
	}
	if dice.chance(0.3) {
		item := g.entitlement(dice, t.identityNow, Add)
		item.ObjectType = "ROLE"
		g.request(dice, t.identityNow, Modify, item)
	}
	g.decide(t, dice)
}

// decide gives the group its approval and, if granted, its life.
func (g *Group) decide(t *Tenant, dice random) {
	a := &Approval{Approver: t.manager(g.Recipient), Outcome: Approved, At: g.Created + dice.around(3600, 1.6)}
	g.Approval = a
	switch p := dice.Float64(); {
	case p < 0.06:
		a.Outcome = Rejected
	case p < 0.08:
		a.Outcome, a.At = Expired, g.Created+14*day
	case p < 0.09:
		a.Outcome = Canceled
	case p < 0.12:
		a.Outcome, a.At = Undecided, never
	case p < 0.4:
		a.At = g.Created + dice.between(minute, 5*minute)
	}
	a.At = max(a.At, g.Created+20*second)
	if a.Outcome == Approved {
		a.Comment = pick(dice, decisions)
		g.run(dice, a.At)
		return
	}
	for i := range g.Requests {
		g.Requests[i].refuse(g.Created, a)
	}
}

// access adds a request for one to three entitlements of a source; a person who
// has no account there gets one with them.
func (g *Group) access(dice random, s *Source, op Operation) {
	var items []Attribute
	for _, value := range some(dice, s.Entitlements, 1+dice.IntN(3)) {
		items = append(items, g.item(dice, s, op, value))
	}
	requestOp := Modify
	if op == Add && dice.chance(0.15) {
		requestOp = Create
	}
	g.request(dice, s, requestOp, items...)
}

func (g *Group) entitlement(dice random, s *Source, op Operation) Attribute {
	return g.item(dice, s, op, pick(dice, s.Entitlements))
}

func (g *Group) item(dice random, s *Source, op Operation, value string) Attribute {
	return Attribute{
		Operation: op, Name: s.EntitlementAttribute, Value: value,
		ObjectID: dice.hex32(), ObjectName: value, ObjectType: pick(dice, []string{"ENTITLEMENT", "ACCESS_PROFILE"}),
	}
}

// certification is a reviewer who revokes what a person should not have.
func certification(t *Tenant, dice random, g *Group) {
	g.Cause = &causeCertification
	g.Requester = t.manager(g.Recipient)
	for _, s := range some(dice, t.connected, 1+dice.IntN(2)) {
		g.access(dice, s, Remove)
	}
	g.run(dice, g.Created)
}

// identityRefresh brings accounts in line with what a person's roles now say.
func identityRefresh(t *Tenant, dice random, g *Group) {
	g.Cause = &causeIdentity
	for _, s := range some(dice, t.connected, 1+dice.IntN(3)) {
		if dice.chance(0.25) {
			g.access(dice, s, Remove)
		} else {
			g.access(dice, s, Add)
		}
	}
	g.run(dice, g.Created)
}

// attributeSync writes a changed attribute of a person to every source that has it.
func attributeSync(t *Tenant, dice random, g *Group) {
	g.Cause = &causeAttributeSync
	for _, s := range some(dice, t.connected, 1+dice.IntN(4)) {
		var items []Attribute
		for _, name := range some(dice, s.Attributes, 1+dice.IntN(2)) {
			items = append(items, Attribute{Operation: Set, Name: name, Value: pick(dice, departments)})
		}
		g.request(dice, s, Modify, items...)
	}
	g.run(dice, g.Created)
}
