package simulate

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// planned is a document to come: what it shows and when it is written.
// Milliseconds since 1970.
type planned struct {
	at    int64 // when it is written
	asOf  int64 // the time whose truth it shows
	group *openGroup
	order uint32 // among the documents of one group
	feed  uint8  // index into Feeds
	event int16  // index into the group's happenings
}

// openGroup is a group some of whose documents are not written yet.
type openGroup struct {
	*model.Group
	happenings []view.Happening
	ledger     *truth.Ledger
	left       int
	changed    bool              // since its truth was last stated
	written    map[[2]int16]bool // the documents of which a version was written, by feed and event
}

// first reports whether a document is written for the first time, and when the vendor made
// it. A trigger is made at no time.
func (g *openGroup) first(d *planned) (created int64, first bool) {
	key := [2]int16{int16(d.feed), d.event}
	if d.feed == webhook || g.written[key] {
		return 0, false
	}
	if g.written == nil {
		g.written = map[[2]int16]bool{}
	}
	g.written[key] = true
	if d.feed == events {
		return g.happenings[d.event].Phase.At, true
	}
	return g.Created, true
}

const (
	second   = int64(1000)
	minute   = 60 * second
	pollTick = 60 * second // a reader of the REST API looks once a minute
)

const (
	rest = iota
	search
	events
	webhook
)

// planner decides which documents about a group are written, and when.
type planner struct {
	tenant                    *model.Tenant
	names                     truth.Names
	envelopes                 bool
	feeds                     [4]bool
	late, duplicates, shuffle float64
	end                       int64 // documents from then on are never written
}

func newPlanner(o *Options, t *model.Tenant, names truth.Names) planner {
	p := planner{tenant: t, envelopes: o.Envelopes, names: names, late: o.Late, duplicates: o.Duplicates, shuffle: o.Shuffle, end: math.MaxInt64}
	if !o.Live {
		p.end = o.To.UnixMilli()
	}
	for i, f := range Feeds {
		p.feeds[i] = slices.Contains(o.Feeds, f)
	}
	return p
}

// plan lists the documents of a group.
func (p *planner) plan(g *model.Group) (*openGroup, []planned) {
	rng := rand.New(rand.NewPCG(g.Seed, 7))
	open := &openGroup{Group: g, happenings: view.Happenings(g), ledger: truth.NewLedger(p.tenant.Name, p.names, g)}
	d := drafts{planner: p, rng: rng, open: open}
	changes := g.Changes()
	if p.feeds[rest] {
		d.polls(changes)
	}
	if p.feeds[search] {
		for _, at := range changes {
			synced := at + 50 + rng.Int64N(1500)
			d.add(search, synced, synced+2*second+rng.Int64N(40*second), -1)
		}
	}
	if p.feeds[events] {
		for i := range open.happenings {
			synced := open.happenings[i].Phase.At + 50 + rng.Int64N(900)
			d.add(events, synced, synced+2*second+rng.Int64N(30*second), i)
		}
	}
	if at, ok := g.Provisioned(); ok && p.feeds[webhook] && g.Cause.Trigger != "" {
		fired := at + 300 + rng.Int64N(3*second)
		d.add(webhook, fired, fired, -1)
	}
	open.left = len(d.list)
	return open, d.list
}

type drafts struct {
	*planner
	rng  *rand.Rand
	open *openGroup
	list []planned
}

// polls adds a snapshot at each tick of a polling reader that finds something
// changed, and often one right at the beginning.
func (d *drafts) polls(changes []int64) {
	if d.rng.Float64() < 0.7 {
		at := changes[0] + second + d.rng.Int64N(2*second)
		d.add(rest, at, at, -1)
	}
	var before int64
	for _, c := range changes {
		tick := (c/pollTick+1)*pollTick + d.rng.Int64N(3*second)
		if tick/pollTick != before {
			d.add(rest, tick, tick, -1)
		}
		before = tick / pollTick
	}
}

func (d *drafts) add(feed uint8, asOf, at int64, event int) {
	if (feed == search || feed == events) && d.rng.Float64() < d.late {
		at += d.rng.Int64N(24 * 60 * minute)
	}
	if d.rng.Float64() < d.shuffle {
		at += d.rng.Int64N(10 * minute)
	}
	d.push(planned{at: at, asOf: asOf, feed: feed, event: int16(event)})
	if d.rng.Float64() < d.duplicates {
		d.push(planned{at: at + second + d.rng.Int64N(60*minute), asOf: asOf, feed: feed, event: int16(event)})
	}
}

func (d *drafts) push(p planned) {
	if p.at >= d.end {
		return
	}
	p.group, p.order = d.open, uint32(len(d.list))
	d.list = append(d.list, p)
}

// render makes the document and notes it in the group's ledger.
func (p *planner) render(d *planned) any {
	g := d.group
	switch d.feed {
	case rest:
		g.ledger.REST(d.asOf)
		return view.REST(g.Group, d.asOf)
	case search:
		g.ledger.Search(d.asOf)
		return view.Search(p.tenant, g.Group, d.asOf)
	case events:
		h := &g.happenings[d.event]
		g.ledger.Event(h)
		return view.Event(p.tenant, g.Group, h, d.asOf)
	default:
		if p.envelopes {
			g.ledger.Enveloped(d.asOf)
			return view.Enveloped(g.Group, d.asOf)
		}
		g.ledger.Trigger(d.asOf)
		return view.Completed(g.Group, d.asOf)
	}
}
