package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/provisioning/record"
)

// ErrNothing is for a report or an evidence pack that would be empty. An empty one could
// be taken for a proof that nothing happened.
var ErrNothing = errors.New("the archive holds nothing of this")

// choose calls take with each activity that the filter matches, as it stood at the end of
// the period. It refuses a filter that matches nothing, and one with a value that no
// activity of the period has, which is a typing error more often than not.
func (r *report) choose(columns []string, take func(*record.Record) error) error {
	wanted := r.filter.values()
	matched := false
	err := r.scan(r.latest, union(columns, filterColumns, beginColumns, placeColumns), func(row uint64, a *record.Record) error {
		if !a.FoldedInto.IsZero() {
			return nil
		}
		wanted = slices.DeleteFunc(wanted, func(w filterValue) bool { return one([]string{w.value}, w.of(a)...) })
		if !r.filter.matches(a) {
			return nil
		}
		matched = true
		r.chosen.set(row)
		r.begin = clock.Earliest(r.begin, beginOf(a))
		return take(a)
	})
	if err != nil {
		return err
	}
	period := fmt.Sprintf("from %s to %s", r.filter.From.In(r.filter.Zone).Format(timeLayout), r.filter.To.In(r.filter.Zone).Format(timeLayout))
	if len(wanted) > 0 {
		names, err := r.suggest(wanted)
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: no activity %s has %s", ErrNothing, period, strings.Join(names, ", "))
	}
	if !matched {
		return fmt.Errorf("%w: no activity %s matches the filter", ErrNothing, period)
	}
	return nil
}

// suggest names each value with the most similar one that there is.
func (r *report) suggest(wanted []filterValue) (names []string, err error) {
	similar := make([]nearest, len(wanted))
	for i, w := range wanted {
		similar[i].want = w.value
	}
	err = r.scan(r.latest, union(filterColumns), func(_ uint64, a *record.Record) error {
		for i, w := range wanted {
			similar[i].consider(w.of(a)...)
		}
		return nil
	})
	for i, w := range wanted {
		names = append(names, w.name+" "+strconv.Quote(w.value)+similar[i].question())
	}
	return names, err
}

// filterValue is a value of a filter that names something in the archive.
type filterValue struct {
	name, value string
	of          func(*record.Record) []string
}

// values lists what must be in the archive: sources, people, groups, tenants and
// words of the vendor. Words of a fixed list are checked by Validate.
func (f *Filter) values() (list []filterValue) {
	add := func(name string, values []string, of func(*record.Record) []string) {
		for _, v := range values {
			list = append(list, filterValue{name, v, of})
		}
	}
	add("tenant", f.Tenant, func(r *record.Record) []string { return []string{r.Tenant} })
	add("source", f.Source, func(r *record.Record) []string { return []string{r.SourceID, r.SourceName} })
	add("identity", f.Identity, func(r *record.Record) []string { return []string{r.IdentityID, r.IdentityName} })
	add("requester", f.Requester, func(r *record.Record) []string { return []string{r.RequesterID, r.RequesterName} })
	add("approver", f.Approver, func(r *record.Record) []string { return []string{r.ApproverName} })
	add("operation", f.Operation, func(r *record.Record) []string { return []string{string(r.Operation)} })
	add("cause", f.Cause, func(r *record.Record) []string { return []string{r.Cause} })
	add("group", f.Group, func(r *record.Record) []string { return []string{r.GroupID, strconv.FormatInt(r.GroupNumber, 10)} })
	return list
}

var beginColumns = []string{
	"requested_at", "occurred_at", "observed_at", "status_since", "first_pending_at", "first_retrying_at", "first_not_verifiable_at", "committed_at", "finished_at", "first_failed_at",
	"pending_ms", "retrying_ms", "committed_ms", "failed_ms",
}

// beginOf is the earliest time that an activity's state knows of its history.
func beginOf(a *record.Record) time.Time {
	begin := a.At()
	for _, at := range []pcommon.Timestamp{a.RequestedAt, a.StatusSince, a.FirstPendingAt, a.FirstRetryingAt, a.CommittedAt, a.FinishedAt, a.FirstFailedAt} {
		if at != 0 {
			begin = min(begin, at)
		}
	}
	if a.StatusSince != 0 { // before that the activity was in other statuses for so long
		left := time.Duration(a.PendingMS+a.RetryingMS+a.CommittedMS+a.FailedMS+1) * time.Millisecond
		if since := a.StatusSince.AsTime().Add(-left); since.Before(begin.AsTime()) {
			return since
		}
	}
	return begin.AsTime()
}
