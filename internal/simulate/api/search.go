package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
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
	Sort        []string `json:"sort"`
	SearchAfter []string `json:"searchAfter"`
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
	var found []hit
	var ix index
	var after []string
	if err == nil {
		ix, found, after, err = s.find(r.Body)
	}
	if err != nil {
		s.badRequest(w, err)
		return
	}
	if q.Get("count") == "true" {
		w.Header().Set("X-Total-Count", strconv.Itoa(len(found)))
	}
	if len(after) > 0 {
		found = slices.DeleteFunc(found, func(h hit) bool { return compareKeys(h.keys, after) <= 0 })
	}
	page = s.distort(r, page, len(found))
	from := min(page.offset, len(found))
	out := make([]any, 0, page.limit)
	for _, h := range found[from:min(from+page.limit, len(found))] {
		out = append(out, s.decorate(ix.render(&h.point).body))
	}
	s.answer(w, r, out)
}

// countMatches answers POST /search/count: 204 with the count in a header.
func (s *Server) countMatches(w http.ResponseWriter, r *http.Request) {
	_, found, _, err := s.find(r.Body)
	if err != nil {
		s.badRequest(w, err)
		return
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(found)))
	w.WriteHeader(http.StatusNoContent)
}

// find lists every match in order; after is where the page begins, if given.
func (s *Server) find(body io.Reader) (ix index, found []hit, after []string, err error) {
	var req searchRequest
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&req); err != nil {
		return ix, nil, nil, fmt.Errorf("the body is no search request: %w", err)
	}
	if len(req.Indices) != 1 {
		return ix, nil, nil, errors.New("exactly one index must be named")
	}
	if req.QueryType != "" && req.QueryType != "SAILPOINT" {
		return ix, nil, nil, fmt.Errorf("queryType %q is not simulated", req.QueryType)
	}
	if len(req.SearchAfter) > 0 && len(req.SearchAfter) != len(req.Sort) {
		return ix, nil, nil, fmt.Errorf("searchAfter has %d values and sort %d fields", len(req.SearchAfter), len(req.Sort))
	}
	if ix, err = s.index(req.Indices[0]); err != nil {
		return ix, nil, nil, err
	}
	now := s.now()
	q, err := parseQuery(req.Query.Query, now)
	if err != nil {
		return ix, nil, nil, err
	}
	order := make([]order, len(req.Sort))
	for i, field := range req.Sort {
		order[i].field, order[i].descending = strings.CutPrefix(field, "-")
		order[i].field = strings.TrimPrefix(order[i].field, "+")
	}
	found = s.scan(ix, q, order, now)
	slices.SortStableFunc(found, func(a, b hit) int { return compareKeys(a.keys, b.keys) })
	for i, o := range order {
		if o.descending && len(req.SearchAfter) > 0 {
			req.SearchAfter[i] = inverse(req.SearchAfter[i])
		}
	}
	return ix, found, req.SearchAfter, nil
}

type order struct {
	field      string
	descending bool
}

// scan tries the versions that are current and lie in the query's window of time.
func (s *Server) scan(ix index, q query, order []order, now int64) []hit {
	low, high := int64(0), now
	fields := []string{"modified", "created"}
	if ix.points == &s.history.docs {
		fields = fields[:1] // its points are ordered by modified
	}
	for _, field := range fields {
		l, h := timeWindow(q, field)
		if at, err := view.ParseTime(l); err == nil && l != "" {
			low = max(low, at)
		}
		if at, err := view.ParseTime(h); err == nil && h != "" {
			high = min(high, at)
		}
	}
	var found []hit
	versions := s.history.points(ix.points)
	for i := versions.from(low); i < len(versions) && versions[i].at <= high; i++ {
		p := versions[i]
		if !p.current(now) {
			continue
		}
		get := s.fieldsOf(ix, &p)
		if !q.match(get) {
			continue
		}
		h := hit{point: p, keys: make([]string, len(order))}
		for j, o := range order {
			if v := get(o.field); len(v) > 0 {
				h.keys[j] = v[0]
			}
			if o.descending {
				h.keys[j] = inverse(h.keys[j])
			}
		}
		found = append(found, h)
	}
	return found
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
