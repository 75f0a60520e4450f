package report

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// ListQuery asks for one page of a list of activities.
type ListQuery struct {
	Filter Filter
	// Sort is a column of SortColumns; empty is occurred_at. Equal values are in the order
	// of the activities' ids.
	Sort       string
	Descending bool
	// After and Before are the cursors of a row: the page begins after it, or ends before
	// it. Neither: the first page.
	After, Before string
	Size          int // rows of a page
	// AsOf leaves out what was observed later, so that the pages of a list fit together
	// while the archive grows. Zero leaves out nothing.
	AsOf time.Time
}

// SortColumns are the columns by which a list can be sorted.
var SortColumns = []string{
	"occurred_at", "status", "group_number", "identity_name", "operation", "source_name", "error_category", "cause", "kind", "attempts",
}

// listColumns are what a row of a list shows.
var listColumns = []string{
	"tenant", "group_number", "group_id", "status", "outcome", "kind", "operation", "cause", "source_id", "source_name", "account_id",
	"attribute_name", "attribute_value", "identity_name", "identity_id", "requested_item_name", "requester_name", "approver_name", "approval_status",
	"reviewer_comment", "error_category", "error_signature", "error_message", "attempts", "requested_at", "stalled", "overdue", "odd",
	"ticket_id", "raw_status", "activity_id",
}

// Counts are numbers of activities.
type Counts struct {
	ByStatus [provisioning.StatusCount]int64
	Declined int64 // of those that are Failed: by a decision, not by a fault
}

func (c *Counts) add(r *record.Record) {
	c.ByStatus[r.Status]++
	if r.Outcome == provisioning.OutcomeDeclined {
		c.Declined++
	}
}

// Total is the number of activities of all statuses, and of those without a known one.
func (c Counts) Total() (n int64) {
	for _, of := range c.ByStatus {
		n += of
	}
	return n
}

// Faults is the number of activities that something went wrong with.
func (c Counts) Faults() int64 { return c.ByStatus[provisioning.StatusFailed] - c.Declined }

// Ended is the number of activities that came to an end, without those that were declined:
// the base of a failure rate.
func (c Counts) Ended() int64 {
	s := c.ByStatus
	return s[provisioning.StatusFailed] + s[provisioning.StatusCommitted] + s[provisioning.StatusSuccess] + s[provisioning.StatusNotVerifiable] - c.Declined
}

// List is one page of a list of activities as they stood at the end of the period.
type List struct {
	Rows  []record.Record // with the columns that a list shows
	First int64           // number of the first row, from 1
	Total int64           // rows of all pages
	// Counts are those of the filter without its statuses and outcomes.
	Counts Counts
	// Previous and Next are cursors for Before and After, empty where there is no page.
	Previous, Next string
	// Sources, Operations and Causes are those of the period, at most maxValues of each.
	Sources, Operations, Causes []string
	// Unknown names values of the filter that no activity of the period has.
	Unknown []string
}

// maxValues bounds the values that are offered for a filter.
const maxValues = 500

// ReadList reads one page of a list. Memory does not grow with the archive but for two bits a
// row of the period, see keys; time grows with the rows of the period, and ctx bounds it.
// The files are not compared with their seals: a list proves nothing.
func ReadList(ctx context.Context, location string, q ListQuery) (list *List, err error) {
	p, err := newPage(&q)
	if err != nil {
		return nil, err
	}
	r, done, err := openPeriod(ctx, location, q.Filter)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	r.asOf = q.AsOf
	if err := r.selectLatest(nil); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	list = &List{}
	values := [3]map[string]bool{{}, {}, {}}
	unknown := q.Filter.values()
	anyStatus := q.Filter
	anyStatus.Status, anyStatus.Outcome = nil, nil
	columns := union(anyStatus.columns(), []string{"activity_id", "status", "outcome", "folded_into", "source_name", "operation", "cause", p.column.Column})
	err = r.scan(r.latest, columns, func(row uint64, a *record.Record) error {
		if !a.FoldedInto.IsZero() {
			return nil
		}
		for i, v := range []string{a.SourceName, string(a.Operation), a.Cause} {
			if v != "" && len(values[i]) < maxValues {
				values[i][v] = true
			}
		}
		unknown = slices.DeleteFunc(unknown, func(w filterValue) bool { return one([]string{w.value}, w.of(a)...) })
		if !anyStatus.matches(a) {
			return nil
		}
		list.Counts.add(a)
		if one(q.Filter.Status, a.Status.String()) && one(q.Filter.Outcome, string(a.Outcome)) {
			p.add(a, row)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	for _, w := range unknown {
		list.Unknown = append(list.Unknown, w.name+" "+strconv.Quote(w.value))
	}
	for i, to := range []*[]string{&list.Sources, &list.Operations, &list.Causes} {
		*to = slices.Sorted(maps.Keys(values[i]))
	}
	p.finish(list)
	if err := r.readPage(list, p.rows); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return list, nil
}

// readPage reads the rows of a page.
func (r *report) readPage(list *List, page []placed) error {
	at := make(map[uint64]int, len(page))
	for i := range page {
		at[page[i].row] = i
	}
	list.Rows = make([]record.Record, len(page))
	numbers := slices.Sorted(maps.Keys(at))
	for i := range r.files {
		f := &r.files[i]
		var within []int64
		for len(numbers) > 0 && numbers[0] < f.first+uint64(f.rows) {
			within, numbers = append(within, int64(numbers[0]-f.first)), numbers[1:]
		}
		if len(within) > 0 {
			next := 0
			if err := f.snapshot.ReadRows(f.index, within, func(a *record.Record) error {
				list.Rows[at[f.first+uint64(within[next])]] = *a
				next++
				return r.ctx.Err()
			}, union(listColumns)...); err != nil {
				return err
			}
		}
	}
	return nil
}
