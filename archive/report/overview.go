package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Overview sums up the activities of a period as they stood at its end.
type Overview struct {
	Counts  Counts
	Sources []Tally // the most faults first
	Kinds   []Tally // by name
	// Passwords are the password changes and resets by the side they failed on; empty
	// where they did not end in a failure that is known.
	Passwords map[provisioning.FailedOn]int64
	Waiting   []Queue // the longest first
	// Hours of the period by what the archive states of them, the first of each state
	// that is not sealed, and what is missing of sealed hours.
	Hours Hours
}

// Tally is the counts of the activities that have a value in common.
type Tally struct {
	Name string
	Counts
}

// Queue is a number of activities that wait for the same on one source.
type Queue struct {
	Wait
	Source  string
	N       int64
	Stalled int64     // for longer than the threshold
	Oldest  time.Time // since when the oldest has its status
}

// Hours sums up the coverage of a period.
type Hours struct {
	States []HourState
	// Rows are sealed; Quarantined could not be read.
	Rows, Quarantined int64
	// Lost and Damaged are files of sealed hours, Absent are files that a seal lists and
	// that are not there. Gap is the time in which nothing wrote the archive.
	Lost, Damaged, Absent int64
	Gap                   time.Duration
	// Agreed and Short are hours of a tenant of which the vendor has as many documents as
	// were delivered, or more.
	Agreed, Short int
}

// HourState is the number of hours in one state.
type HourState struct {
	State string
	N     int
	First archive.Hour
	Last  archive.Hour
}

// maxTallies bounds the values that are counted each for itself; the rest is counted
// together under the name others.
const (
	maxTallies = 2000
	others     = "(others)"
)

// ReadOverview sums up a period. Its bounds are those of ReadList.
func ReadOverview(ctx context.Context, location string, f Filter) (o *Overview, err error) {
	r, done, err := openPeriod(ctx, location, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := r.selectLatest(nil); err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	o = &Overview{Passwords: map[provisioning.FailedOn]int64{}}
	sources, kinds, waiting := map[string]*Tally{}, map[string]*Tally{}, map[[3]string]*Queue{}
	columns := union(f.columns(), waitColumns, []string{"outcome", "folded_into", "source_id", "source_name", "failed_on", "stalled", "status_since"})
	err = r.scan(r.latest, columns, func(_ uint64, a *record.Record) error {
		if !a.FoldedInto.IsZero() || !f.matches(a) {
			return nil
		}
		o.Counts.add(a)
		source := cmp.Or(a.SourceName, a.SourceID)
		tally(sources, source).add(a)
		tally(kinds, string(a.Kind)).add(a)
		if a.Kind == provisioning.KindPassword {
			o.Passwords[a.FailedOn]++
		}
		if w := WaitOf(a); w.For != "" {
			queue(waiting, w, source).add(a)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	o.Sources = slices.SortedFunc(valuesOf(sources), func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Faults(), a.Faults()), cmp.Compare(b.Total(), a.Total()), strings.Compare(a.Name, b.Name))
	})
	o.Kinds = slices.SortedFunc(valuesOf(kinds), func(a, b Tally) int { return strings.Compare(a.Name, b.Name) })
	o.Waiting = slices.SortedFunc(valuesOf(waiting), func(a, b Queue) int {
		return cmp.Or(cmp.Compare(b.Stalled, a.Stalled), a.Oldest.Compare(b.Oldest), strings.Compare(a.Source, b.Source), strings.Compare(a.Who, b.Who))
	})
	hours, err := r.coverage()
	if err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	for i := range hours {
		switch hours[i].reconciled {
		case agreed:
			o.Hours.Agreed++
		case short:
			o.Hours.Short++
		}
	}
	for _, hour := range ofAllTenants(hours) {
		o.Hours.add(&hour)
	}
	return o, nil
}

func valuesOf[K comparable, V any](m map[K]*V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range maps.All(m) {
			if !yield(*v) {
				return
			}
		}
	}
}

// tally is the one of a name.
func tally(all map[string]*Tally, name string) *Tally {
	t := all[name]
	if t == nil && len(all) >= maxTallies {
		name = others
		t = all[name]
	}
	if t == nil {
		t = &Tally{Name: name}
		all[name] = t
	}
	return t
}

// queue is the one of what is waited for on a source.
func queue(all map[[3]string]*Queue, w Wait, source string) *Queue {
	if w.For == "manual task" {
		w.Who = "" // each ticket is another one
	}
	key := [3]string{w.For, w.Who, source}
	if all[key] == nil && len(all) >= maxTallies {
		w.Who, source = others, others
		key = [3]string{w.For, w.Who, source}
	}
	if all[key] == nil {
		all[key] = &Queue{Wait: w, Source: source}
	}
	return all[key]
}

func (q *Queue) add(r *record.Record) {
	q.N++
	if r.Stalled || r.Overdue {
		q.Stalled++
	}
	if since := cmp.Or(r.StatusSince, r.At()).AsTime(); q.Oldest.IsZero() || since.Before(q.Oldest) {
		q.Oldest = since
	}
}

func (h *Hours) add(c *hourCoverage) {
	i := slices.IndexFunc(h.States, func(s HourState) bool { return s.State == c.state })
	if i < 0 {
		i = len(h.States)
		h.States = append(h.States, HourState{State: c.state, First: c.hour})
	}
	h.States[i].N++
	h.States[i].Last = c.hour
	if c.gapKnown { // of a sealed hour
		h.Rows += c.rows
	}
	h.Quarantined += c.quarantined
	h.Lost += c.lost
	h.Damaged += c.damaged
	h.Absent += c.absent
	h.Gap += c.gap
}
