package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// placed is the place of an activity in the order of a list.
type placed struct {
	number int64
	text   string
	id     provisioning.ID
	row    uint64
}

func (a placed) compare(b placed) int {
	return cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text), slices.Compare(a.id[:], b.id[:]))
}

// cursor is the place as text.
func (a placed) cursor() string {
	return a.id.String() + "." + strconv.FormatInt(a.number, 10) + "." + a.text
}

func parseCursor(text string) (a placed, err error) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) == 3 {
		if a.id, err = provisioning.ParseID(parts[0]); err == nil {
			a.number, err = strconv.ParseInt(parts[1], 10, 64)
		}
		a.text = parts[2]
	}
	if len(parts) != 3 || err != nil {
		return a, fmt.Errorf("%w: %q is not the place of a page: begin with the first page", ErrFilter, text)
	}
	return a, nil
}

// page gathers the rows of one page from all rows of a list.
type page struct {
	column *record.Field
	less   func(a, b placed) bool // towards the beginning of the page
	size   int
	from   *placed // the page begins after it
	back   bool    // the page is read from its end
	rows   []placed
	passed int64 // rows that come before
	others int64 // rows from there on
}

// maxPage is the greatest number of rows of a page.
const maxPage = 1000

func newPage(q *ListQuery) (*page, error) {
	sort := cmp.Or(q.Sort, "occurred_at")
	if !slices.Contains(SortColumns, sort) {
		return nil, fmt.Errorf("%w: sort %q is none of %s", ErrFilter, sort, strings.Join(SortColumns, ", "))
	}
	if q.Size < 1 || q.Size > maxPage {
		return nil, fmt.Errorf("%w: a page has 1 to %d rows, not %d", ErrFilter, maxPage, q.Size)
	}
	if q.After != "" && q.Before != "" {
		return nil, fmt.Errorf("%w: a page begins after a row or ends before one: give only one of after and before", ErrFilter)
	}
	p := &page{column: record.Activities.Column(sort), size: q.Size, back: q.Before != ""}
	down := q.Descending != p.back
	p.less = func(a, b placed) bool {
		if down {
			a, b = b, a
		}
		return a.compare(b) < 0
	}
	if text := cmp.Or(q.After, q.Before); text != "" {
		at, err := parseCursor(text)
		if err != nil {
			return nil, err
		}
		p.from = &at
	}
	return p, nil
}

// place of an activity. Statuses are ordered from the worst to the best.
func (p *page) place(r *record.Record, row uint64) placed {
	a := placed{id: r.ActivityID, row: row}
	switch {
	case p.column.Column == "occurred_at":
		a.number = int64(r.At())
	case p.column.Value == record.ValueStatus:
		a.number = int64(slices.Index(provisioning.Statuses[:], r.Status))
	case p.column.Value == record.ValueText:
		a.text = strings.ToLower(p.column.Word(r))
	default:
		a.number = p.column.Number(r)
	}
	return a
}

func (p *page) add(r *record.Record, row uint64) {
	a := p.place(r, row)
	if p.from != nil && !p.less(*p.from, a) {
		p.passed++
		return
	}
	p.others++
	p.rows = append(p.rows, a)
	if len(p.rows) >= 4*p.size {
		p.cut()
	}
}

// cut keeps the rows that are nearest to the beginning of the page.
func (p *page) cut() {
	slices.SortFunc(p.rows, func(a, b placed) int {
		if p.less(a, b) {
			return -1
		}
		return 1
	})
	p.rows = p.rows[:min(len(p.rows), p.size)]
}

// finish sorts the page and sets where it stands.
func (p *page) finish(list *List) {
	p.cut()
	list.Total = p.passed + p.others
	before, after := p.passed, p.others-int64(len(p.rows))
	if p.back {
		slices.Reverse(p.rows)
		// The row of the cursor and those after it were passed.
		before, after = after, before
	}
	list.First = before + 1
	if len(p.rows) == 0 {
		return
	}
	if before > 0 {
		list.Previous = p.rows[0].cursor()
	}
	if after > 0 {
		list.Next = p.rows[len(p.rows)-1].cursor()
	}
}
