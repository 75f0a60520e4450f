package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// controlFaults shows the faults' probabilities; POST {"half_body": 0.1} changes them.
func (s *Server) controlFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		var faults map[string]float64
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&faults)
		if err == nil {
			err = s.SetFaults(faults)
		}
		if err != nil {
			s.badRequest(w, err)
			return
		}
	}
	s.mu.Lock()
	out := make(map[string]float64, len(FaultNames))
	for _, name := range FaultNames {
		out[name] = s.faults[name]
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, out)
}

// controlClock shows the vendor's clock; POST {"skew": "3m"} sets how far it is
// ahead, POST {"at": "2026-03-02T00:00:00Z"} stops it at a time.
func (s *Server) controlClock(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost || r.Method == http.MethodPut {
		var set struct{ Skew, At string }
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&set)
		var skew time.Duration
		var stopped int64
		switch {
		case err != nil:
		case set.At != "":
			stopped, err = view.ParseTime(set.At)
		default:
			skew, err = time.ParseDuration(set.Skew)
		}
		if err != nil {
			s.badRequest(w, err)
			return
		}
		s.mu.Lock()
		s.skew, s.stopped = skew, stopped
		s.mu.Unlock()
	}
	writeJSON(w, http.StatusOK, map[string]string{"now": view.Stamp(s.now())})
}

// controlStats shows how often what was asked for and went wrong.
func (s *Server) controlStats(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	out := make(map[string]int, len(s.stats))
	maps.Copy(out, s.stats)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, out)
}

// controlTruth states the truth about every activity as NDJSON, as of now.
func (s *Server) controlTruth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	s.Truth(func(activities []truth.Activity, _ truth.Group) {
		for i := range activities {
			_ = enc.Encode(&activities[i]) // the client may be gone
		}
	})
}

// Truth states, group by group, what is known to a client that has now read every
// feed but the triggers: all account activities and all documents the search
// indices show. Such a client agrees on every status. How many attempts it
// counts, and its times, depend on how often it looked.
func (s *Server) Truth(each func([]truth.Activity, truth.Group)) {
	now := s.now()
	ledgers := map[int32]*truth.Ledger{}
	names := s.names()
	of := func(id int32) *truth.Ledger {
		l, ok := ledgers[id]
		if !ok {
			l = truth.NewLedger(s.tenant.Name, names, s.history.group(id))
			l.REST(now)
			ledgers[id] = l
		}
		return l
	}
	for _, p := range s.history.points(&s.history.rest) {
		if p.current(now) && s.listed(&p, now) {
			of(p.ref)
		}
	}
	for _, p := range s.history.points(&s.history.docs) {
		if p.current(now) && s.listed(&p, now) {
			of(p.ref).Search(p.synced)
		}
	}
	for _, p := range s.history.points(&s.history.event) {
		if p.visible <= now && s.listed(&p, now) {
			l := of(p.ref)
			happening := view.Happenings(l.Group())[p.event]
			l.Event(&happening)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ledgers)) {
		if activities, group, ok := ledgers[id].Rows(1); ok {
			each(activities, group)
		}
	}
}

// names are those of all sources: a client of the API asks for them by id.
func (s *Server) names() truth.Names {
	out := truth.Names{}
	for _, source := range s.tenant.Sources {
		out[source.ID] = source.Name
	}
	return out
}

// Tenant returns the tenant that is served.
func (s *Server) Tenant() *model.Tenant { return s.tenant }
