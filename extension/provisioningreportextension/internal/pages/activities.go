package pages

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
)

// activitiesPage is the list of activities.
type activitiesPage struct {
	*view
	List    *report.List
	Rows    []row
	Tiles   []tile
	Columns []heading
	Last    int64 // number of the last row
	// Next and Previous are addresses, empty where there is no page.
	Next, Previous string
	Download       string   // the query of the same activities as a file
	Kept           []string // parameters that another filter keeps
	Sizes          []int
	Size           int
}

// tile is a number of activities with a link to them.
type tile struct {
	Badge   badge
	N       int64
	Link    string
	Current bool
}

// heading of a column by which the list can be sorted.
type heading struct {
	Title, Link string
	Sort        string // ascending, descending, or empty
}

const defaultRows = 50

func (p *Pages) activities(ctx context.Context, v *view) (content, error) {
	v.Title = "Provisioning activities"
	if err := v.readFilter(p.MaxRange); err != nil {
		return content{}, err
	}
	q := report.ListQuery{
		Filter: v.Filter, Sort: cmp.Or(v.Query.Get("sort"), "occurred_at"), After: v.Query.Get("after"), Before: v.Query.Get("before"), Size: defaultRows,
	}
	if v.Query.Get("at") != "" {
		q.AsOf = v.AsOf
	}
	switch order := v.Query.Get("order"); order {
	case "":
		q.Descending = q.Sort == "occurred_at"
	case "asc", "desc":
		q.Descending = order == "desc"
	default:
		return content{}, fmt.Errorf("%w: order %q is none of asc, desc", report.ErrFilter, order)
	}
	if text := v.Query.Get("rows"); text != "" {
		var err error
		if q.Size, err = strconv.Atoi(text); err != nil {
			return content{}, fmt.Errorf("%w: rows: %q is no number", report.ErrFilter, text)
		}
	}
	list, err := report.ReadList(ctx, p.Directory, q)
	if err != nil {
		return content{}, err
	}
	page := &activitiesPage{view: v, List: list, Rows: rows(list.Rows), Last: list.First + int64(len(list.Rows)) - 1}
	page.Tiles, page.Columns = v.tiles("", &list.Counts), v.headings(q)
	page.Download = v.Query.Filters("from", v.Filter.From.Format(time.RFC3339Nano), "to", v.Filter.To.Format(time.RFC3339Nano))
	page.Sizes, page.Size = []int{25, defaultRows, 100, 250}, q.Size
	for _, name := range []string{"sort", "order"} {
		if v.Query.Any(name) {
			page.Kept = append(page.Kept, name)
		}
	}
	at := v.AsOf.Format(time.RFC3339Nano)
	if list.Next != "" {
		page.Next = v.Query.Fresh("after", list.Next, "at", at)
	}
	if list.Previous != "" {
		page.Previous = v.Query.Fresh("before", list.Previous, "at", at)
	}
	return content{template: "activities", data: page}, nil
}

// tiles link to the activities of each status. What was declined is apart from faults.
func (v *view) tiles(path string, c *report.Counts) []tile {
	add := func(b badge, n int64, status, outcome string) tile {
		current := len(v.Filter.Status) <= 1 && strings.EqualFold(v.Query.Get("status"), status) && strings.EqualFold(v.Query.Get("outcome"), outcome)
		return tile{b, n, path + v.Query.Fresh("status", status, "outcome", outcome), current}
	}
	list := []tile{add(badge{"all", "All"}, c.Total(), "", "")}
	for _, s := range provisioning.Statuses {
		if s != provisioning.StatusFailed {
			list = append(list, add(statusBadge(s), c.ByStatus[s], s.String(), ""))
			continue
		}
		list = append(list,
			add(statusBadge(s), c.Faults(), s.String(), "fault"),
			add(badge{"declined", "Declined"}, c.Declined, s.String(), "declined"))
	}
	return list
}

// headings link to the list in another order.
func (v *view) headings(q report.ListQuery) (list []heading) {
	for _, c := range []struct{ title, column string }{
		{"Status", "status"},
		{"Person", "identity_name"},
		{"What", "operation"},
		{"Where", "source_name"},
		{"Error and next action, or what it waits for", "error_category"},
		{"Time", "occurred_at"},
		{"Cause", "cause"},
		{"Group", "group_number"},
	} {
		h := heading{Title: c.title}
		order := map[bool]string{true: "desc", false: "asc"}
		down := c.column == "occurred_at" // what a first click does
		if c.column == q.Sort {
			h.Sort = map[bool]string{true: "descending", false: "ascending"}[q.Descending]
			down = !q.Descending
		}
		h.Link = v.Query.Fresh("sort", c.column, "order", order[down])
		list = append(list, h)
	}
	return list
}

// download shows the form for downloads.
func (p *Pages) download(_ context.Context, v *view) (content, error) {
	v.Title, v.Open = "Download", true
	return content{template: "download", data: v}, nil
}
