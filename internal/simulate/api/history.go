package api

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

const (
	hour    = int64(time.Hour / time.Millisecond)
	forever = int64(1) << 62
)

// history is the index of what happened: which group changed when, and when each
// of its documents appears in the search indices. It grows with the clock and
// holds no group: those are generated again when they are shown.
type history struct {
	tenant *model.Tenant
	perDay float64
	late   float64

	mu         sync.RWMutex // guards everything below
	next       int64        // begin of the first hour that is not indexed
	refs       []ref
	byID       map[string]documentRef // of account activities
	byDocument map[string]documentRef
	byEvent    map[string]documentRef
	rest       points // versions of account activities
	docs       points // versions of search documents
	event      points
	cache      map[int32]*model.Group
}

// ref is enough to generate a group again.
type ref struct {
	hour int64
	n    int32
}

// point is one version of one document: it is the current one from visible until
// the next version is.
type point struct {
	at      int64 // vendor's time: modified, of an event created
	created int64
	synced  int64
	visible int64
	until   int64
	ref     int32
	event   int16
}

func (p *point) current(now int64) bool { return p.visible <= now && now < p.until }

// points are ordered by at, then by group.
type points []point

func (p points) from(at int64) int {
	return sort.Search(len(p), func(i int) bool { return p[i].at >= at })
}

// with returns the points together with more, none of which is before the time.
// It leaves p as it is, for those who are reading it.
func (p points) with(more points, at int64) points {
	first := p.from(at)
	out := append(append(make(points, 0, len(p)+len(more)), p...), more...)
	slices.SortFunc(out[first:], func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ref, b.ref), cmp.Compare(a.event, b.event))
	})
	return out
}

func newHistory(t *model.Tenant, from time.Time, perDay, late float64) *history {
	return &history{
		tenant: t, perDay: perDay, late: late, next: from.UTC().Truncate(time.Hour).UnixMilli(),
		byID: map[string]documentRef{}, byDocument: map[string]documentRef{}, byEvent: map[string]documentRef{}, cache: map[int32]*model.Group{},
	}
}

// until indexes every hour that has begun by the time.
func (h *history) until(now int64) {
	h.mu.RLock()
	done := h.next > now
	h.mu.RUnlock()
	if done {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	start := h.next
	var more batch
	for ; h.next <= now; h.next += hour {
		for n := range h.tenant.Count(model.Time(h.next), h.perDay) {
			h.add(&more, ref{h.next, int32(n)})
		}
	}
	h.rest = h.rest.with(more.rest, start)
	h.docs = h.docs.with(more.docs, start)
	h.event = h.event.with(more.event, start)
}

// batch is what some hours add.
type batch struct{ rest, docs, event points }

func (h *history) add(to *batch, r ref) {
	g := h.tenant.Nth(r.hour, int(r.n))
	id := int32(len(h.refs))
	h.refs = append(h.refs, r)
	h.byID[g.ID], h.byDocument[g.DocumentID] = documentRef{ref: id, event: -1}, documentRef{ref: id, event: -1}
	rng := rand.New(rand.NewPCG(g.Seed, 11))
	changes := g.Changes()
	restFrom, docsFrom := len(to.rest), len(to.docs)
	for _, at := range changes {
		to.rest = append(to.rest, point{at: at, created: g.Created, visible: at, until: forever, ref: id, event: -1})
		synced := at + 50 + rng.Int64N(1500)
		to.docs = append(to.docs, point{
			at: at, created: g.Created, synced: synced, visible: synced + h.lag(rng), until: forever, ref: id, event: -1,
		})
	}
	supersede(to.rest[restFrom:])
	supersede(to.docs[docsFrom:])
	for i, e := range view.Happenings(g) {
		h.byEvent[view.EventID(g, &e)] = documentRef{id, int16(i), e.Phase.At}
		synced := e.Phase.At + 50 + rng.Int64N(900)
		to.event = append(to.event, point{
			at: e.Phase.At, created: e.Phase.At, synced: synced, visible: min(synced+h.lag(rng), pendingAgain(&e)), until: forever, ref: id, event: int16(i),
		})
	}
}

// pendingAgain is when the account activity calls the retry after a failure PENDING. From
// then on the failure's event is the only sign that this is a retry, so it is not later:
// else what a client knows would depend on how often it looked.
func pendingAgain(h *view.Happening) int64 {
	if h.Request != nil {
		for i := range h.Request.Life[1:] {
			if next := &h.Request.Life[i+1]; &h.Request.Life[i] == h.Phase && next.AsPending {
				return next.At
			}
		}
	}
	return forever
}

// supersede ends each version when a later one is visible, which may be earlier.
func supersede(versions points) {
	next := forever
	for i := len(versions) - 1; i >= 0; i-- {
		versions[i].until = next
		next = min(next, versions[i].visible)
	}
}

// lag is how long a document takes from its synchronisation to being found.
func (h *history) lag(rng *rand.Rand) int64 {
	lag := 1000 + rng.Int64N(20_000)
	if rng.Float64() < h.late {
		lag += rng.Int64N(24 * hour)
	}
	return lag
}

// group generates the group again, or has it still.
func (h *history) group(id int32) *model.Group {
	h.mu.RLock()
	g, ok := h.cache[id]
	r := h.refs[id]
	h.mu.RUnlock()
	if ok {
		return g
	}
	g = h.tenant.Nth(r.hour, int(r.n))
	h.mu.Lock()
	if len(h.cache) >= cacheSize {
		clear(h.cache)
	}
	h.cache[id] = g
	h.mu.Unlock()
	return g
}

const cacheSize = 20_000

// points returns one kind of points as they are now.
func (h *history) points(of *points) points {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return *of
}
