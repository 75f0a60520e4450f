package api

import (
	"encoding/json"
	"net/http"
)

// eventRef is where an event's document is.
type eventRef struct {
	ref   int32
	event int16
	at    int64
}

// getDocument answers GET /search/{index}/{id}.
func (s *Server) getDocument(w http.ResponseWriter, r *http.Request) {
	name, id := r.PathValue("index"), r.PathValue("id")
	ix, err := s.index(name)
	if err != nil {
		s.badRequest(w, err)
		return
	}
	p, ok := s.history.document(name, id, s.now())
	if !ok || s.neverShown(&p) {
		s.notFound(w, id)
		return
	}
	s.answer(w, r, s.decorate(ix.render(&p).body))
}

// document is the current version of a document of a search index.
func (h *history) document(index, id string, now int64) (point, bool) {
	of, event, times := &h.event, int16(-1), []int64(nil)
	h.mu.RLock()
	ref, known := h.byDocument[id]
	e, isEvent := h.byEvent[id]
	h.mu.RUnlock()
	switch {
	case index == "events" && isEvent:
		ref, event, times = e.ref, e.event, []int64{e.at}
	case index == "accountactivities" && known:
		of, times = &h.docs, h.group(ref).Changes()
	default:
		return point{}, false
	}
	versions := h.points(of)
	for _, at := range times {
		for i := versions.from(at); i < len(versions) && versions[i].at == at; i++ {
			if p := versions[i]; p.ref == ref && p.event == event && p.current(now) {
				return p, true
			}
		}
	}
	return point{}, false
}

// resultFilter is the fields of a document that a search wants; none: all.
type resultFilter struct {
	Includes []string `json:"includes"`
}

// apply leaves the fields that are wanted.
func (f resultFilter) apply(body any) any {
	if len(f.Includes) == 0 {
		return body
	}
	data, err := json.Marshal(body)
	var whole map[string]json.RawMessage
	if err != nil || json.Unmarshal(data, &whole) != nil {
		return body
	}
	out := map[string]json.RawMessage{}
	for _, name := range f.Includes {
		if value, ok := whole[name]; ok {
			out[name] = value
		}
	}
	return out
}
