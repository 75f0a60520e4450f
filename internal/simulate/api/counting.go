package api

import (
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// The faults of counts, each with a probability per count.
const (
	FaultCountRefused  = "count_refused"   // 403, 404 or 501 instead of a count
	FaultCountNoHeader = "count_no_header" // an answer without the count
	FaultCountCapped   = "count_capped"    // no count is above Options.CountCap
	FaultCountSmall    = "count_small"     // two too few
	FaultCountLarge    = "count_large"     // two too many
	FaultCountLate     = "count_late"      // as of half an hour ago
	FaultCountChanging = "count_changing"  // up to three too many, each time anew
)

// The faults of documents, each with a share of the documents, which are the same at any time.
const (
	FaultListHidden = "list_hidden" // lists do not show a document for its first three hours; it is counted, and read by id
	FaultNeverShown = "never_shown" // a document is counted only
)

// CountFaults lists the faults of counts.
var CountFaults = []string{
	FaultCountRefused, FaultCountNoHeader, FaultCountCapped, FaultCountSmall, FaultCountLarge, FaultCountLate, FaultCountChanging,
}

// DocumentFaults lists the faults of documents.
var DocumentFaults = []string{FaultListHidden, FaultNeverShown}

const (
	hiddenFor = 3 * hour
	countLate = hour / 2
)

// counted answers how many documents there are; false: the request is answered with a
// failure. count gives the number as of a time.
func (s *Server) counted(w http.ResponseWriter, count func(now int64) int) bool {
	now := s.now()
	if s.roll(FaultCountLate) {
		now -= countLate
	}
	n := count(now)
	switch {
	case s.roll(FaultCountRefused):
		status := []int{http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented}[s.random(3)]
		s.failure(w, status, strconv.Itoa(status), "Counting is not possible.")
		return false
	case s.roll(FaultCountNoHeader):
		return true
	case s.roll(FaultCountSmall):
		n = max(n-2, 0)
	case s.roll(FaultCountLarge):
		n += 2
	case s.roll(FaultCountChanging):
		n += s.random(4)
	}
	if s.roll(FaultCountCapped) {
		n = min(n, s.CountCap)
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(n))
	return true
}

func (s *Server) random(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(n)
}

// listed reports whether lists show a document.
func (s *Server) listed(p *point, now int64) bool {
	return !s.neverShown(p) && (now >= p.created+hiddenFor || !s.chosen(FaultListHidden, p))
}

func (s *Server) neverShown(p *point) bool { return s.chosen(FaultNeverShown, p) }

// chosen reports whether a document is of the share that a fault has.
func (s *Server) chosen(fault string, p *point) bool {
	s.mu.Lock()
	share := s.faults[fault]
	s.mu.Unlock()
	if share == 0 {
		return false
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(fault + strconv.Itoa(int(p.ref)) + "/" + strconv.Itoa(int(p.event)))) // never fails
	return float64(h.Sum64()>>11)/(1<<53) < share
}

// Count is how many documents of an index an hour has, by the time at which they were made.
type Count struct {
	Index     string `json:"index"` // account-activities, accountactivities or events
	Hour      string `json:"hour"`  // its beginning
	Documents int    `json:"documents"`
	Shown     int    `json:"shown"` // by lists, now
}

// Counts lists the counts of all hours that have documents.
func (s *Server) Counts() (out []Count) {
	now := s.now()
	for _, ix := range s.indices() {
		counts := map[int64]*Count{}
		for _, p := range s.history.points(ix.points) {
			if !p.current(now) {
				continue
			}
			at := p.created - p.created%hour
			c := counts[at]
			if c == nil {
				c = &Count{Index: ix.name, Hour: view.Stamp(at)}
				counts[at] = c
			}
			c.Documents++
			if s.listed(&p, now) {
				c.Shown++
			}
		}
		for _, at := range slices.Sorted(maps.Keys(counts)) {
			out = append(out, *counts[at])
		}
	}
	return out
}

// controlCounts shows Counts.
func (s *Server) controlCounts(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Counts())
}
