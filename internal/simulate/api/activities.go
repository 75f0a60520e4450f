package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const maxActivities = 250

// listActivities answers GET /account-activities, by a scan as those of searches.
func (s *Server) listActivities(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, err := pageOf(q.Get("limit"), q.Get("offset"), maxActivities, maxActivities)
	if err == nil && q.Get("regarding-identity") != "" && (q.Get("requested-for") != "" || q.Get("requested-by") != "") {
		err = errors.New("regarding-identity excludes requested-for and requested-by")
	}
	sc := scan{index: s.indices()[0], now: s.now(), want: page.offset + page.limit}
	if err == nil {
		sc.query, err = parseFilter(q.Get("filters"))
	}
	if err == nil {
		sc.order, err = parseSorters(cmp.Or(q.Get("sorters"), "modified"), "type", "created", "modified")
	}
	if err != nil {
		s.badRequest(w, err)
		return
	}
	for _, field := range []string{"requested-for", "requested-by", "regarding-identity"} {
		if id := strings.ToLower(q.Get(field)); id != "" {
			sc.query = and{sc.query, span{field, id, id, true, true}}
		}
	}
	s.list(w, r, sc, page)
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

func cut[T any](p page, list []T) []T {
	from := min(p.offset, len(list))
	return list[from:min(from+p.limit, len(list))]
}

// sorter is a field to sort by.
type sorter struct {
	field      string
	descending bool
}

func parseSorters(text string, allowed ...string) ([]sorter, error) {
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
