package model

import (
	"slices"
	"time"
)

// Hour generates the groups that begin in the hour that holds at, in order. It
// depends on the tenant, the hour and perDay (groups in a mean day) alone.
func (t *Tenant) Hour(at time.Time, perDay float64) []*Group {
	start := at.UTC().Truncate(time.Hour).UnixMilli()
	out := make([]*Group, t.Count(at, perDay))
	for i := range out {
		out[i] = t.Nth(start, i)
	}
	slices.SortStableFunc(out, func(a, b *Group) int { return int(a.Created - b.Created) })
	return out
}

// Count is how many groups begin in the hour that holds at.
func (t *Tenant) Count(at time.Time, perDay float64) int {
	start := at.UTC().Truncate(time.Hour).UnixMilli()
	want := expected(start, perDay)
	n := int(want)
	if newRandom(t.Seed, 2, uint64(start)).chance(want - float64(n)) {
		n++
	}
	return n
}

// Nth generates one group of the hour that begins at start by its number.
func (t *Tenant) Nth(start int64, i int) *Group {
	rng := newRandom(t.Seed, 3, uint64(start), uint64(i))
	g := t.group(rng, choose(rng, mix(start)), start+rng.Int64N(hour))
	if t.Ties > 0 && rng.chance(t.Ties) {
		g.snap()
	}
	return g
}

// tie is the grid that tied groups change on.
const tie = 10 * second

// snap moves everything that happens to a group to a whole ten seconds, so that
// many groups change at the same time.
func (g *Group) snap() {
	round := func(at int64) int64 { return (at + tie - 1) / tie * tie }
	g.Created = round(g.Created)
	if a := g.Approval; a != nil && a.At != never {
		a.At = max(round(a.At), g.Created+tie)
	}
	for i := range g.Requests {
		r := &g.Requests[i]
		before := int64(0)
		for j := range r.Life {
			r.Life[j].At = max(round(r.Life[j].At), before+tie)
			before = r.Life[j].At
		}
		if r.Sent != 0 {
			r.Sent = min(r.Sent, r.Life[len(r.Life)-1].At)
		}
	}
	if g.Closed != 0 {
		changes := g.Changes()
		g.Closed = max(round(g.Closed), changes[len(changes)-1])
	}
	if g.Side != nil {
		g.Side.At = g.Requests[0].Life[1].At
	}
}

// scenario fills a group with what one sort of action asks for.
type scenario func(*Tenant, random, *Group)

func (t *Tenant) group(rng random, scene scenario, created int64) *Group {
	g := &Group{ID: rng.hex32(), DocumentID: rng.hex32(), Created: created, Seed: rng.Uint64()}
	g.Recipient = &t.Identities[rng.IntN(len(t.Identities))]
	g.Requester = &t.system
	scene(t, rng, g)
	return g
}

// request makes an account request of the group, without a life yet.
func (g *Group) request(rng random, s *Source, op Operation, items ...Attribute) *Request {
	for i := range items {
		items[i].ItemID = rng.hex32()
	}
	g.Requests = append(g.Requests, Request{
		Source: s, Account: s.Account(g.Recipient), Owner: g.Recipient, UUID: g.Recipient.GUID, Operation: op, Items: items,
	})
	return &g.Requests[len(g.Requests)-1]
}

// run lets every request of the group live, handed over shortly after from.
func (g *Group) run(rng random, from int64) {
	for i := range g.Requests {
		g.Requests[i].live(rng, g.Created, from+rng.between(3*second, 9*second))
	}
}

// onAccount is the item of a change to the account itself.
func onAccount(op Operation) Attribute { return Attribute{Operation: op} }

// Moment generates the i-th group that begins in the second that holds at, for
// live traffic.
func (t *Tenant) Moment(at time.Time, i int) *Group {
	start := at.UTC().Truncate(time.Second).UnixMilli()
	rng := newRandom(t.Seed, 4, uint64(start), uint64(i))
	return t.group(rng, choose(rng, mix(start)), start+rng.Int64N(second))
}

// Expected is how many groups begin in the hour that holds at.
func (t *Tenant) Expected(at time.Time, perDay float64) float64 {
	return expected(at.UTC().Truncate(time.Hour).UnixMilli(), perDay)
}
