package provisioningreceiver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const vendorTime = "2006-01-02T15:04:05.000Z"

// restPages pages account activities by modified, or by created for those that
// were never modified: each page begins at the time the
// last one ended with, so that rows which move away while paging shift nothing.
// Only a page whose rows all have one time is followed by offset.
type restPages struct {
	cfg  *PollConfig
	sort string // modified or created
}

func (p restPages) ask(c *cursor) (method, path, body string) {
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

// searchPages pages a search index by a time and the id, by which the vendor
// leads past its window of 10,000 records.
type searchPages struct {
	cfg   *PollConfig
	index string
	sort  string // modified or created
}

func (p searchPages) ask(c *cursor) (method, path, body string) {
	escape := strings.NewReplacer(":", `\:`, "-", `\-`, ".", `\.`)
	request := struct {
		Indices   []string          `json:"indices"`
		QueryType string            `json:"queryType"`
		Query     map[string]string `json:"query"`
		Sort      []string          `json:"sort"`
		After     []string          `json:"searchAfter,omitempty"`
	}{
		Indices: []string{p.index}, QueryType: "SAILPOINT", Sort: []string{p.sort, "id"}, After: c.after,
		Query: map[string]string{"query": "(" + p.cfg.Query + ") AND " + p.sort +
			":[" + escape.Replace(c.from.Format(vendorTime)) + " TO " + escape.Replace(c.until.Format(vendorTime)) + "]"},
	}
	data, _ := json.Marshal(request) //nolint:errchkjson // strings
	return http.MethodPost, p.cfg.Path + "?limit=" + strconv.Itoa(p.cfg.PageSize), string(data)
}

func (p searchPages) at(r *row) string { return r.field(p.sort) }

func (p searchPages) next(c *cursor, rows []row) bool {
	if len(rows) < p.cfg.PageSize {
		return false
	}
	last := &rows[len(rows)-1]
	after := []string{p.at(last), last.ID}
	if len(c.after) == 2 && after[0] == c.after[0] && after[1] == c.after[1] {
		return false // the same page again leads nowhere: the next poll goes on
	}
	c.after = after
	return true
}
