package api

import (
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// Document is one version of a document that the API shows, or showed for a while.
type Document struct {
	Index   string // account-activities, accountactivities or events
	Current bool   // it is what the API shows now
	Body    any
}

// Documents lists every version of every document that was to be seen until now, so
// that a client can be asked what it has read: it must know the current ones, may
// know the others, and cannot know more.
func (s *Server) Documents(each func(Document)) {
	now := s.now()
	for _, ix := range s.indices() {
		for _, p := range s.history.points(ix.points) {
			if p.visible <= now {
				each(Document{ix.name, p.current(now) && s.listed(&p, now), ix.render(&p).body})
			}
		}
	}
}

// Triggers lists the bodies of the triggers that were fired until now.
func (s *Server) Triggers(each func(body any)) {
	now := s.now()
	s.history.mu.RLock()
	groups := int32(len(s.history.refs))
	s.history.mu.RUnlock()
	for id := range groups {
		g := s.history.group(id)
		if at, ok := firedAt(g); ok && at <= now {
			each(view.Completed(g, at))
		}
	}
}

// Changes lists, in order, each version of the account activities until now with what
// it reports of its activities.
func (s *Server) Changes(each func(at time.Time, activities []truth.Activity)) {
	now := s.now()
	ledgers, names := map[int32]*truth.Ledger{}, s.names()
	for _, p := range s.history.points(&s.history.rest) {
		if p.visible > now {
			continue
		}
		l, ok := ledgers[p.ref]
		if !ok {
			l = truth.NewLedger(s.tenant.Name, names, s.history.group(p.ref))
			ledgers[p.ref] = l
		}
		l.REST(p.at)
		if activities, _, ok := l.Rows(1); ok {
			each(model.Time(p.at), activities)
		}
	}
}
