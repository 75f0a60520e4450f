package model

import "fmt"

// joiner gets accounts on several sources on the first day.
func joiner(t *Tenant, dice random, g *Group) {
	g.Cause = &causeLifecycle
	for _, s := range some(dice, t.connected, 3+dice.IntN(3)) {
		g.request(dice, s, Create, onAccount(Create))
	}
	g.run(dice, g.Created)
}

// lifecycleChange is mostly a leaver, whose accounts are disabled and emptied,
// and sometimes somebody who comes back.
func lifecycleChange(t *Tenant, dice random, g *Group) {
	g.Cause = &causeLifecycle
	back := dice.chance(0.25)
	for _, s := range some(dice, t.connected, 3+dice.IntN(5)) {
		switch {
		case back:
			g.request(dice, s, Enable, onAccount(Enable))
		case dice.chance(0.12):
			g.request(dice, s, Delete, onAccount(Delete))
		default:
			g.request(dice, s, Disable, onAccount(Disable))
			if dice.chance(0.6) {
				g.access(dice, s, Remove)
			}
		}
	}
	g.run(dice, g.Created)
}

// unlock is a help desk agent who frees a locked account.
func unlock(t *Tenant, dice random, g *Group) {
	g.Cause = &causeAccountState
	g.Requester = &t.Identities[dice.IntN(max(1, len(t.Identities)/50))]
	g.request(dice, t.passwordSource(dice), Unlock, onAccount(Unlock))
	g.run(dice, g.Created)
}

// cloudAutomated is the identity system assigning a role to a person by itself.
func cloudAutomated(t *Tenant, dice random, g *Group) {
	g.Cause = &causeCloudAutomated
	item := g.entitlement(dice, t.identityNow, Add)
	item.Name, item.ObjectType = "detectedRoles", "ROLE"
	g.request(dice, t.identityNow, Modify, item)
	g.access(dice, pick(dice, t.connected), Add)
	g.run(dice, g.Created)
}

func (t *Tenant) passwordSource(dice random) *Source {
	for {
		if s := pick(dice, t.connected); s.Passwords {
			return s
		}
	}
}

// PasswordAttribute is the attribute whose value nobody may keep.
const PasswordAttribute = "password"

// SecretMark begins every password that a document shows although it should not,
// so that a test can look for it in everything that was stored.
const SecretMark = "S1m-Secret-"

// passwordRequest is a password change or reset. It is tried on the identity
// system and on one to two sources, and can fail on either side or on both.
func passwordRequest(t *Tenant, dice random, g *Group) {
	g.Cause = &causePassword
	g.Password = true
	g.Requester = g.Recipient
	if dice.chance(0.25) { // a help desk's reset
		g.Requester = &t.Identities[dice.IntN(max(1, len(t.Identities)/50))]
	}
	if dice.chance(0.05) {
		g.Warnings = append(g.Warnings, fmt.Sprintf("Notification skipped: no work e-mail for %s", g.Recipient.Name))
	}
	first := t.passwordSource(dice)
	targets := []*Source{first}
	if second := t.passwordSource(dice); second != first && dice.chance(0.3) {
		targets = append(targets, second)
	}
	if dice.chance(0.6) {
		targets = append(targets, t.identityNow)
	}
	secret := ""
	if dice.chance(0.3) {
		secret = SecretMark + dice.hex32()[:8]
	}
	for _, s := range targets {
		g.request(dice, s, Modify, Attribute{Operation: Set, Name: PasswordAttribute, Value: secret})
	}
	g.run(dice, g.Created)
	refused := dice.chance(0.05) // neither side took it
	if refused {
		for i := range g.Requests {
			g.Requests[i].reject(dice)
		}
	}
	g.side(refused)
}

// side lets the identity system report its own half of a change that went to one
// source only: shortly after the source, and to the same effect.
func (g *Group) side(refused bool) {
	r := &g.Requests[0]
	if len(g.Requests) > 1 || len(r.Life) < 2 || r.Source.IdentityNow() {
		return
	}
	if answer := &r.Life[1]; refused || answer.State == Committed {
		g.Side = &Phase{State: answer.State, At: answer.At + 400, Error: answer.Error}
	}
}

// reject makes the first attempt of a request its last, and failed.
func (r *Request) reject(dice random) {
	at := r.Sent + max(900, dice.around(r.Source.Seconds, 0.5))
	text := "The new password was used before: password history of the policy does not allow it"
	if r.Source.IdentityNow() {
		text = "The new password does not meet the requirements of the policy 'Default Password Policy'"
	}
	r.Life = append(r.Life[:1], Phase{State: Failed, At: at, Error: text})
}
