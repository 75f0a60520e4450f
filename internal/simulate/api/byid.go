package api

import (
	"encoding/json"
	"net/http"
)

// documentRef is where a document is.
type documentRef struct {
	ref   int32
	event int16 // -1: the document is of all changes of the group
	at    int64 // of an event
}

// getActivity answers GET /account-activities/{id}.
func (s *Server) getActivity(w http.ResponseWriter, r *http.Request) {
	s.one(w, r, s.indices()[0], r.PathValue("id"))
}

// getDocument answers GET /search/{index}/{id}.
func (s *Server) getDocument(w http.ResponseWriter, r *http.Request) {
	ix, err := s.searched(r.PathValue("index"))
	if err != nil {
		s.badRequest(w, err)
		return
	}
	s.one(w, r, ix, r.PathValue("id"))
}

// one answers the document with an id.
func (s *Server) one(w http.ResponseWriter, r *http.Request, ix index, id string) {
	p, ok := s.history.document(ix, id, s.now())
	if !ok || s.neverShown(&p) {
		s.notFound(w, id)
		return
	}
	s.answer(w, r, s.decorate(ix.render(&p).body))
}

// document is the current version of a document.
func (h *history) document(ix index, id string, now int64) (point, bool) {
	h.mu.RLock()
	of, ok := ix.byID[id]
	h.mu.RUnlock()
	if !ok {
		return point{}, false
	}
	times := []int64{of.at}
	if of.event < 0 {
		times = h.group(of.ref).Changes()
	}
	versions := h.points(ix.points)
	for _, at := range times {
		for i := versions.from(at); i < len(versions) && versions[i].at == at; i++ {
			if p := versions[i]; p.ref == of.ref && p.event == of.event && p.current(now) {
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
