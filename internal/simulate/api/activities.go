package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

const maxActivities = 250

// listActivities answers GET /account-activities.
func (s *Server) listActivities(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := pageOf(q.Get("limit"), q.Get("offset"), maxActivities, maxActivities)
	if err == nil && q.Get("regarding-identity") != "" && (q.Get("requested-for") != "" || q.Get("requested-by") != "") {
		err = errors.New("regarding-identity excludes requested-for and requested-by")
	}
	var filter query
	if err == nil {
		filter, err = parseFilter(q.Get("filters"))
	}
	var order []sorter
	if err == nil {
		order, err = parseSorters(q.Get("sorters"), "type", "created", "modified")
	}
	if err != nil {
		s.badRequest(w, err)
		return
	}
	now := s.now()
	people := people{q.Get("requested-for"), q.Get("requested-by"), q.Get("regarding-identity")}
	all := func(now int64) int { return len(s.findActivities(now, filter, nil, people, page, true)) }
	if q.Get("count") == "true" && !s.counted(w, all) {
		return
	}
	found := s.findActivities(now, filter, order, people, page, false)
	page = s.distort(page)
	out := make([]any, 0, page.limit)
	for _, p := range page.cut(found) {
		out = append(out, s.decorateActivity(view.REST(s.history.group(p.ref), now)))
	}
	s.answer(w, r, out)
}

// getActivity answers GET /account-activities/{id}.
func (s *Server) getActivity(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	g, ok := s.history.find(r.PathValue("id"))
	if !ok || g.Created > now || s.neverShown(&point{ref: s.history.refOf(g.ID), event: -1}) {
		s.notFound(w, r.PathValue("id"))
		return
	}
	s.answer(w, r, s.decorateActivity(view.REST(g, now)))
}

type people struct{ requestedFor, requestedBy, regarding string }

func (p people) match(g *model.Group) bool {
	return (p.requestedFor == "" || p.requestedFor == g.Recipient.ID) &&
		(p.requestedBy == "" || p.requestedBy == g.Requester.ID) &&
		(p.regarding == "" || p.regarding == g.Recipient.ID || p.regarding == g.Requester.ID)
}

// findActivities lists the current versions that match, in order, at least as
// many as the page needs, or all that are to be counted.
func (s *Server) findActivities(now int64, filter query, order []sorter, who people, page page, count bool) []point {
	low, high := bounds(filter, now, "modified")
	asIndexed := len(order) == 0 || order[0] == sorter{field: "modified"}
	var found []point
	versions := s.history.points(&s.history.rest)
	for i := versions.from(low); i < len(versions) && versions[i].at <= high; i++ {
		p := versions[i]
		if !p.current(now) || !count && !s.listed(&p, now) || !s.matchActivity(&p, filter, who) {
			continue
		}
		found = append(found, p)
		if asIndexed && !count && len(found) >= page.offset+page.limit+1 {
			break
		}
	}
	if !asIndexed {
		slices.SortStableFunc(found, func(a, b point) int { return s.compareActivities(&a, &b, order) })
	}
	return found
}

func (s *Server) matchActivity(p *point, filter query, who people) bool {
	fields := func(field string) []string {
		switch field {
		case "modified":
			return []string{view.Stamp(p.at)}
		case "created":
			return []string{view.Stamp(p.created)}
		default:
			return []string{s.history.group(p.ref).Cause.RESTType}
		}
	}
	return filter.match(fields) && (who == people{} || who.match(s.history.group(p.ref)))
}

func (s *Server) compareActivities(a, b *point, order []sorter) int {
	for _, o := range order {
		c := 0
		switch o.field {
		case "modified":
			c = cmp.Compare(a.at, b.at)
		case "created":
			c = cmp.Compare(a.created, b.created)
		case "type":
			c = strings.Compare(s.history.group(a.ref).Cause.RESTType, s.history.group(b.ref).Cause.RESTType)
		}
		if o.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// page is a cut of a list.
type page struct{ limit, offset int }

func pageOf(limit, offset string, otherwise, most int) (page, error) {
	p := page{limit: otherwise}
	var err error
	if limit != "" {
		if p.limit, err = strconv.Atoi(limit); err != nil || p.limit < 0 || p.limit > most {
			return p, fmt.Errorf("limit must be between 0 and %d, not %q", most, limit)
		}
	}
	if offset != "" {
		if p.offset, err = strconv.Atoi(offset); err != nil || p.offset < 0 {
			return p, fmt.Errorf("offset must be 0 or more, not %q", offset)
		}
	}
	return p, nil
}

func (p page) cut(list []point) []point {
	from := min(p.offset, len(list))
	return list[from:min(from+p.limit, len(list))]
}

// sorter is a field to sort by.
type sorter struct {
	field      string
	descending bool
}

func parseSorters(text string, allowed ...string) ([]sorter, error) {
	if text == "" {
		return nil, nil
	}
	var out []sorter
	for part := range strings.SplitSeq(text, ",") {
		field, descending := strings.CutPrefix(strings.TrimSpace(part), "-")
		if !slices.Contains(allowed, field) {
			return nil, fmt.Errorf("sorting by %q is not supported", field)
		}
		out = append(out, sorter{field, descending})
	}
	return out, nil
}
