package pollfeed

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// pages is how a resource is paged.
type pages interface {
	// request is the request of the page at a cursor.
	request(c *cursor) (method, path, body string)
	// at is the time that documents are ordered by.
	at(r *row) string
	// next moves the cursor behind a page; false: it was the last.
	next(c *cursor, rows []row) bool
}

// cursor is a place in a range.
type cursor struct {
	from, until time.Time
	offset      int
	after       []string
}

// row is what paging needs of a document.
type row struct {
	ID       string `json:"id"`
	Created  string `json:"created"`
	Modified string `json:"modified"`
	time     time.Time
}

func (r *row) field(name string) string {
	if name == "created" {
		return r.Created
	}
	return r.Modified
}

const vendorTime = "2006-01-02T15:04:05.000Z"

// restPages pages account activities by modified, or by created for those that
// were never modified. Each page begins at the last time of the page before, so that
// rows which move away while paging shift nothing. Only a page whose rows all have one
// time is followed by offset.
type restPages struct {
	cfg  *Config
	sort string // modified or created
}

func (p restPages) request(c *cursor) (method, path, body string) {
	q := url.Values{}
	q.Set("limit", strconv.Itoa(p.cfg.PageSize))
	q.Set("offset", strconv.Itoa(c.offset))
	q.Set("sorters", p.sort)
	q.Set("filters", p.sort+" ge "+c.from.Format(vendorTime)+" and "+p.sort+" le "+c.until.Format(vendorTime))
	return http.MethodGet, p.cfg.Path + "?" + q.Encode(), ""
}

func (p restPages) at(r *row) string { return r.field(p.sort) }

func (p restPages) next(c *cursor, rows []row) bool {
	var last time.Time
	for i := range rows {
		if rows[i].time.After(last) {
			last = rows[i].time
		}
	}
	switch {
	case len(rows) == 0:
		return false
	case last.Truncate(time.Millisecond).After(c.from):
		// Also after a short page: it may be short because rows moved.
		c.from, c.offset = last.UTC().Truncate(time.Millisecond), 0
		return true
	case len(rows) < p.cfg.PageSize:
		return false
	default:
		c.offset += p.cfg.PageSize
		return true
	}
}

// searchPages pages a search index by a time and the id with searchAfter, which goes past
// the vendor's window of 10,000 records.
type searchPages struct {
	cfg   *Config
	index string
	sort  string   // created or modified
	only  []string // the fields of a document that are wanted; none: all
}

func (p searchPages) request(c *cursor) (method, path, body string) {
	s := p.query(c.from, c.until)
	s.Sort, s.After = []string{p.sort, "id"}, c.after
	if len(p.only) > 0 {
		s.Only = &resultFilter{Includes: p.only}
	}
	return http.MethodPost, p.cfg.Path + "?limit=" + strconv.Itoa(p.cfg.PageSize), p.body(s)
}

// searchRequest is the body of a search.
type searchRequest struct {
	Indices   []string          `json:"indices"`
	QueryType string            `json:"queryType"`
	Query     map[string]string `json:"query"`
	Only      *resultFilter     `json:"queryResultFilter,omitempty"`
	Sort      []string          `json:"sort,omitempty"`
	After     []string          `json:"searchAfter,omitempty"`
}

type resultFilter struct {
	Includes []string `json:"includes"`
}

// query selects the documents of a period.
func (p searchPages) query(from, until time.Time) searchRequest {
	escape := strings.NewReplacer(":", `\:`, "-", `\-`, ".", `\.`)
	return searchRequest{
		Indices: []string{p.index}, QueryType: "SAILPOINT",
		Query: map[string]string{"query": "(" + p.cfg.Query + ") AND " + p.sort +
			":[" + escape.Replace(from.Format(vendorTime)) + " TO " + escape.Replace(until.Format(vendorTime)) + "]"},
	}
}

func (searchPages) body(s searchRequest) string {
	data, _ := json.Marshal(s) // strings
	return string(data)
}

func (p searchPages) at(r *row) string { return r.field(p.sort) }

func (p searchPages) next(c *cursor, rows []row) bool {
	if len(rows) < p.cfg.PageSize {
		return false
	}
	last := &rows[len(rows)-1]
	after := []string{p.at(last), last.ID}
	if len(c.after) == 2 && after[0] == c.after[0] && after[1] == c.after[1] {
		return false // the same page twice: the next poll goes on
	}
	c.after = after
	return true
}
