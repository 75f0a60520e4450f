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

// index is one of the search indices.
type index struct {
	points *points
	// fields of a document; cheap ones come from the point alone.
	render func(p *point) document
}

// document is a rendered document and how its fields are found.
type document struct {
	body   any
	fields map[string][]string
}

func (s *Server) index(name string) (index, error) {
	switch name {
	case "accountactivities":
		return index{&s.history.docs, s.renderActivity}, nil
	case "events":
		return index{&s.history.event, s.renderEvent}, nil
	default:
		return index{}, fmt.Errorf("index %q is not simulated: want accountactivities or events", name)
	}
}

func (s *Server) renderActivity(p *point) document {
	d := view.Search(s.tenant, s.history.group(p.ref), p.synced)
	fields := map[string][]string{
		"id": {d.ID}, "action": {d.Action}, "stage": {d.Stage}, "status": {d.Status}, "trackingNumber": {d.TrackingNumber},
		"sources": {d.Sources}, "recipient.name": {d.Recipient.Name}, "requester.name": {d.Requester.Name}, "errors": d.Errors,
		"recipient.id": {d.Recipient.ID}, "requester.id": {d.Requester.ID}, "_type": {d.DocumentType},
	}
	for i := range d.AccountRequests {
		fields["accountRequests.result.status"] = append(fields["accountRequests.result.status"], d.AccountRequests[i].Result.Status)
	}
	return document{d, fields}
}

func (s *Server) renderEvent(p *point) document {
	g := s.history.group(p.ref)
	happening := view.Happenings(g)[p.event]
	d := view.Event(s.tenant, g, &happening, p.synced)
	fields := map[string][]string{
		"id": {d.ID}, "action": {d.Action}, "type": {d.Type}, "name": {d.Name}, "technicalName": {d.TechnicalName},
		"operation": {d.Operation}, "status": {d.Status}, "objects": d.Objects, "stack": {d.Stack},
		"trackingNumber": {d.TrackingNumber}, "_type": {d.DocumentType}, "actor.name": {d.Actor.Name}, "target.name": {d.Target.Name},
	}
	for name, value := range d.Attributes {
		fields["attributes."+name] = []string{value}
	}
	return document{d, fields}
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
	if q.Get("count") == "true" && !s.counted(w, func(now int64) int { return len(s.find(sc.counting(now))) }) {
		return
	}
	found := s.find(sc)
	page = s.distort(page)
	from := min(page.offset, len(found))
	out := make([]any, 0, page.limit)
	for _, h := range found[from:min(from+page.limit, len(found))] {
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
	if sc.index, err = s.index(req.Indices[0]); err != nil {
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
	if sc.index.points == &s.history.docs {
		fields = fields[:1] // its points are ordered by modified
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
	slices.SortStableFunc(found, func(a, b hit) int { return compareKeys(a.keys, b.keys) })
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
	if len(sc.after) > 0 && compareKeys(h.keys, sc.after) <= 0 {
		return hit{}, false
	}
	return h, sc.query.match(get)
}

// inOrder reports whether the sort begins with a time that grows as the index does.
func (sc *scan) inOrder(s *Server) bool {
	if len(sc.order) == 0 || sc.order[0].descending {
		return false
	}
	if sc.index.points == &s.history.docs {
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

// fieldsOf gives the fields of a document, which is rendered only if need be.
func (s *Server) fieldsOf(ix index, p *point) func(string) []string {
	var fields map[string][]string
	return func(name string) []string {
		switch name {
		case "created":
			return []string{view.Stamp(p.created)}
		case "synced":
			return []string{view.Stamp(p.synced)}
		case "modified":
			return []string{view.Stamp(p.at)}
		}
		if fields == nil {
			fields = ix.render(p).fields
		}
		return fields[name]
	}
}

func compareKeys(a, b []string) int { return slices.Compare(a, b) }

// inverse turns the order of texts around.
func inverse(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b) + "\xff"
}
