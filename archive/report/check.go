package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/provisioning/record"
)

// ErrNothing says that a report or an evidence pack would be empty. An empty one could
// be taken for a proof that nothing happened.
var ErrNothing = errors.New("the archive holds nothing of this")

var errEnough = errors.New("every value was found")

// checkFilter refuses a filter that matches nothing, and one with a value that no
// activity of the period has, which is a typing error more often than not.
func (r *report) checkFilter() error {
	wanted := r.filter.values()
	matched := false
	err := r.scan(r.latest, union(filterColumns), func(_ uint64, a *record.Record) error {
		if !a.FoldedInto.IsZero() {
			return nil
		}
		wanted = slices.DeleteFunc(wanted, func(w filterValue) bool { return one([]string{w.value}, w.of(a)...) })
		if matched = matched || r.filter.matches(a); matched && len(wanted) == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	period := fmt.Sprintf("from %s to %s", r.filter.From.In(r.filter.Zone).Format(timeLayout), r.filter.To.In(r.filter.Zone).Format(timeLayout))
	if len(wanted) > 0 {
		names := make([]string, len(wanted))
		for i, w := range wanted {
			names[i] = w.name + " " + strconv.Quote(w.value)
		}
		return fmt.Errorf("%w: no activity %s has %s", ErrNothing, period, strings.Join(names, ", "))
	}
	if !matched {
		return fmt.Errorf("%w: no activity %s matches the filter", ErrNothing, period)
	}
	return nil
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
	add("operation", f.Operation, func(r *record.Record) []string { return []string{string(r.Operation)} })
	add("cause", f.Cause, func(r *record.Record) []string { return []string{r.Cause} })
	add("group", f.Group, func(r *record.Record) []string { return []string{r.GroupID, strconv.FormatInt(r.GroupNumber, 10)} })
	return list
}
