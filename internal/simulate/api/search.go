package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// maxWindow is how many records one query can reach by offset and limit; beyond
// it only searchAfter goes.
const maxWindow = 10_000

// searchRequest is the body of POST /search that is understood.
type searchRequest struct {
	Indices   []string `json:"indices"`
	QueryType string   `json:"queryType"`
	Query     struct {
		Query string `json:"query"`
	} `json:"query"`
	Sort        []string     `json:"sort"`
	SearchAfter []string     `json:"searchAfter"`
	Only        resultFilter `json:"queryResultFilter"`
}

// hit is a document that matches, with what it is sorted by.
type hit struct {
	point point
	keys  []string
}

// search answers POST /search.
func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := pageOf(q.Get("limit"), q.Get("offset"), 250, maxWindow)
	if err == nil && page.offset+page.limit > maxWindow {
		err = fmt.Errorf("offset + limit is %d, more than %d: use searchAfter", page.offset+page.limit, maxWindow)
	}
	var sc scan
	if err == nil {
		sc, err = s.parse(r.Body, page.offset+page.limit)
	}
	if err != nil {
		s.badRequest(w, err)
		return
	}
	s.list(w, r, sc, page)
}

// list answers a page of what a scan finds.
func (s *Server) list(w http.ResponseWriter, r *http.Request, sc scan, page page) {
	if r.URL.Query().Get("count") == "true" && !s.counted(w, func(now int64) int { return len(s.find(sc.counting(now))) }) {
		return
	}
	found := s.find(sc)
	out := make([]any, 0, page.limit)
	for _, h := range cut(s.distort(page), found) {
		out = append(out, sc.only.apply(s.decorate(sc.index.render(&h.point).body)))
	}
	s.answer(w, r, out)
}

// countMatches answers POST /search/count: 204 with the count in a header.
func (s *Server) countMatches(w http.ResponseWriter, r *http.Request) {
	sc, err := s.parse(r.Body, 0)
	if err != nil {
		s.badRequest(w, err)
		return
	}
	if s.counted(w, func(now int64) int { return len(s.find(sc.counting(now))) }) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// scan is a search to be made.
type scan struct {
	index index
	query query
	order []sorter
	after []string // the sort keys that the hits come after; empty: all
	want  int      // how many hits are enough
	now   int64
	only  resultFilter
	count bool // the hits are counted and not shown
}

// counting is the scan of all hits as of a time, wherever the page begins.
func (sc scan) counting(now int64) scan {
	sc.count, sc.after, sc.want, sc.now = true, nil, math.MaxInt, now
	return sc
}

func (s *Server) parse(body io.Reader, want int) (sc scan, err error) {
	var req searchRequest
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&req); err != nil {
		return sc, fmt.Errorf("the body is no search request: %w", err)
	}
	if len(req.Indices) != 1 {
		return sc, errors.New("exactly one index must be named")
	}
	if req.QueryType != "" && req.QueryType != "SAILPOINT" {
		return sc, fmt.Errorf("queryType %q is not simulated", req.QueryType)
	}
	if len(req.SearchAfter) > 0 && len(req.SearchAfter) != len(req.Sort) {
		return sc, fmt.Errorf("searchAfter has %d values and sort %d fields", len(req.SearchAfter), len(req.Sort))
	}
	if sc.index, err = s.searched(req.Indices[0]); err != nil {
		return sc, err
	}
	sc.now, sc.want, sc.after, sc.only = s.now(), want, req.SearchAfter, req.Only
	if sc.query, err = parseQuery(req.Query.Query); err != nil {
		return sc, err
	}
	for i, field := range req.Sort {
		o := sorter{field: strings.TrimPrefix(field, "+")}
		o.field, o.descending = strings.CutPrefix(o.field, "-")
		sc.order = append(sc.order, o)
		if o.descending && len(sc.after) > 0 {
			sc.after[i] = inverse(sc.after[i])
		}
	}
	return sc, nil
}

// syncSlack bounds how long after a change its document is synchronised, in milliseconds.
const syncSlack = 2000

// find lists the matches in order: all of them, or, where the sort follows time,
// as many as are wanted.
func (s *Server) find(sc scan) []hit {
	fields := []string{"modified", "created"}
	if sc.index.points != &s.history.event {
		fields = fields[:1] // the points are ordered by modified
	}
	low, high := bounds(sc.query, sc.now, fields...)
	inOrder := sc.inOrder(s)
	if inOrder && len(sc.after) > 0 {
		if at, err := view.ParseTime(sc.after[0]); err == nil {
			low = max(low, at-syncSlack)
		}
	}
	var found []hit
	versions := s.history.points(sc.index.points)
	for i := versions.from(low); i < len(versions) && versions[i].at <= high; i++ {
		p := versions[i]
		if inOrder && sc.want > 0 && len(found) >= sc.want && p.at > found[sc.want-1].point.at+syncSlack {
			break
		}
		if h, ok := s.try(sc, p); ok {
			found = append(found, h)
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return slices.Compare(a.keys, b.keys) })
	return found
}

func (s *Server) try(sc scan, p point) (hit, bool) {
	if !p.current(sc.now) || !sc.count && !s.listed(&p, sc.now) {
		return hit{}, false
	}
	get := s.fieldsOf(sc.index, &p)
	h := hit{point: p, keys: make([]string, len(sc.order))}
	for j, o := range sc.order {
		if j > 0 && len(sc.after) > 0 && h.keys[0] < sc.after[0] {
			return hit{}, false // before the others, which cost more, are asked for
		}
		if v := get(o.field); len(v) > 0 {
			h.keys[j] = v[0]
		}
		if o.descending {
			h.keys[j] = inverse(h.keys[j])
		}
	}
	if len(sc.after) > 0 && slices.Compare(h.keys, sc.after) <= 0 {
		return hit{}, false
	}
	return h, sc.query.match(get)
}

// inOrder reports whether the sort begins with a time that grows as the index does.
func (sc *scan) inOrder(s *Server) bool {
	if len(sc.order) == 0 || sc.order[0].descending {
		return false
	}
	if sc.index.points != &s.history.event {
		return sc.order[0].field == "modified" || sc.order[0].field == "synced"
	}
	return timeField(sc.order[0].field)
}

// bounds narrows the times until now by what a query lets through of the fields.
func bounds(q query, now int64, fields ...string) (low, high int64) {
	low, high = 0, now
	for _, field := range fields {
		l, h := timeWindow(q, field)
		if at, err := view.ParseTime(l); err == nil && l != "" {
			low = max(low, at)
		}
		if at, err := view.ParseTime(h); err == nil && h != "" {
			high = min(high, at)
		}
	}
	return low, high
}

// inverse turns the order of texts around.
func inverse(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b) + "\xff"
}
