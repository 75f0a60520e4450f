package model

import "github.com/provtrail/provtrail/provisioning/errorclass"

// Story is something that a newcomer looks for: groups that show it, with a title. The ids
// depend on the tenant alone, the times on now.
type Story struct {
	Title  string
	Groups []*Group
}

// Stories are what every tenant has at a time, besides its history: all of it began within
// the last 22 hours.
func (t *Tenant) Stories(now int64) []Story {
	directory, sales := t.sourceNamed("Active Directory"), t.sourceNamed("Salesforce")
	n := uint64(0)
	begin := func(cause *Cause, ago int64) (*Group, random) {
		n++
		rng := newRandom(t.Seed, 5, n)
		return t.group(rng, func(_ *Tenant, _ random, g *Group) { g.Cause = cause }, now-ago), rng
	}

	waiting, rng := begin(&causeAccessRequest, 20*hour)
	waiting.Requester = waiting.Recipient
	waiting.access(rng, directory, Add)
	waiting.Approval = &Approval{Approver: t.manager(waiting.Recipient), Outcome: Undecided, At: never}
	waiting.Requests[0].refuse(waiting.Created, waiting.Approval, false)

	leaver, rng := begin(&causeLifecycle, 3*hour)
	leaver.request(rng, sales, Disable, onAccount(Disable)).end(rng, leaver.Created, "")
	leaver.access(rng, directory, Remove)
	leaver.Requests[1].end(rng, leaver.Created, errorclass.PermissionDenied)

	expired := Story{Title: "Salesforce: the credentials expired yesterday"}
	for i := range int64(12) {
		g, rng := begin(&causeIdentity, 22*hour-i*100*minute)
		g.access(rng, sales, Add)
		g.Requests[0].end(rng, g.Created, errorclass.AuthFailed)
		expired.Groups = append(expired.Groups, g)
	}

	sync, rng := begin(&causeAttributeSync, 2*hour)
	sync.request(rng, directory, Modify, Attribute{Operation: Set, Name: "mail", Value: byEmail(sync.Recipient)}).end(rng, sync.Created, "")

	reset, rng := begin(&causePassword, hour)
	reset.Password, reset.Requester = true, reset.Recipient
	r := reset.request(rng, directory, Modify, Attribute{Operation: Set, Name: PasswordAttribute})
	r.Sent, r.Life = reset.Created+5*second, []Phase{{State: Pending, At: reset.Created}}
	r.reject(rng)
	reset.side(true)

	return []Story{
		{"A request that waits for its approver", []*Group{waiting}},
		{"A leaver who keeps access, because its removal failed", []*Group{leaver}},
		expired,
		{"An attribute sync of mail to Active Directory", []*Group{sync}},
		{"A password reset that failed on both sides", []*Group{reset}},
	}
}

// end gives a request its answer, some seconds after it was sent: committed, or failed with
// an error of a category.
func (r *Request) end(rng random, created int64, category errorclass.Category) {
	r.Sent = created + 5*second
	answer := Phase{State: Committed, At: r.Sent + 10*second}
	if category != "" {
		answer = r.failed(rng, answer.At, r.Source.faultOf(category))
	}
	r.Life = []Phase{{State: Pending, At: created}, answer}
}

func (t *Tenant) sourceNamed(name string) *Source {
	for _, s := range t.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}
