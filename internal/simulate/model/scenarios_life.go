package model

import (
	"fmt"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// joiner gets accounts on several sources on the first day.
func joiner(t *Tenant, rng random, g *Group) {
	g.Cause = &causeLifecycle
	for _, s := range some(rng, t.connected, 3+rng.IntN(3)) {
		g.request(rng, s, Create, onAccount(Create))
	}
	g.run(rng, g.Created)
}

// lifecycleChange is mostly a leaver, whose accounts are disabled and emptied,
// and sometimes somebody who comes back.
func lifecycleChange(t *Tenant, rng random, g *Group) {
	g.Cause = &causeLifecycle
	back := rng.chance(0.25)
	for _, s := range some(rng, t.connected, 3+rng.IntN(5)) {
		switch {
		case back:
			g.request(rng, s, Enable, onAccount(Enable))
		case rng.chance(0.12):
			g.request(rng, s, Delete, onAccount(Delete))
		default:
			g.request(rng, s, Disable, onAccount(Disable))
			if rng.chance(0.6) {
				g.access(rng, s, Remove)
			}
		}
	}
	g.run(rng, g.Created)
}

// unlock is a help desk agent who frees a locked account.
func unlock(t *Tenant, rng random, g *Group) {
	g.Cause = &causeAccountState
	g.Requester = &t.Identities[rng.IntN(max(1, len(t.Identities)/50))]
	g.request(rng, t.passwordSource(rng), Unlock, onAccount(Unlock))
	g.run(rng, g.Created)
}

// cloudAutomated is the identity system assigning a role to a person by itself.
func cloudAutomated(t *Tenant, rng random, g *Group) {
	g.Cause = &causeCloudAutomated
	item := g.entitlement(rng, t.identityNow, Add)
	item.Name, item.ObjectType = "detectedRoles", "ROLE"
	g.request(rng, t.identityNow, Modify, item)
	g.access(rng, pick(rng, t.connected), Add)
	g.run(rng, g.Created)
}

func (t *Tenant) passwordSource(rng random) *Source {
	for {
		if s := pick(rng, t.connected); s.Passwords {
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
func passwordRequest(t *Tenant, rng random, g *Group) {
	g.Cause = &causePassword
	g.Password = true
	g.Requester = g.Recipient
	if rng.chance(0.25) { // a help desk's reset
		g.Requester = &t.Identities[rng.IntN(max(1, len(t.Identities)/50))]
	}
	if rng.chance(0.05) {
		g.Warnings = append(g.Warnings, fmt.Sprintf("Notification skipped: no work e-mail for %s", g.Recipient.Name))
	}
	first := t.passwordSource(rng)
	targets := []*Source{first}
	if second := t.passwordSource(rng); second != first && rng.chance(0.3) {
		targets = append(targets, second)
	}
	if rng.chance(0.6) {
		targets = append(targets, t.identityNow)
	}
	secret := ""
	if rng.chance(0.3) {
		secret = SecretMark + rng.hex32()[:8]
	}
	for _, s := range targets {
		g.request(rng, s, Modify, Attribute{Operation: Set, Name: PasswordAttribute, Value: secret})
	}
	g.run(rng, g.Created)
	refused := rng.chance(0.05) // neither side took it
	if refused {
		for i := range g.Requests {
			g.Requests[i].reject(rng)
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
		g.Side = &Phase{State: answer.State, At: answer.At + 400, Error: answer.Error, Category: answer.Category}
	}
}

// reject makes the first attempt of a request its last, and failed.
func (r *Request) reject(rng random) {
	at := r.Sent + max(900, rng.around(r.Source.Seconds, 0.5))
	r.Life = append(r.Life[:1], r.failed(rng, at, r.Source.faultOf(errorclass.PasswordPolicy)))
}
