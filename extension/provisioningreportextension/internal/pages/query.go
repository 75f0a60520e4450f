package pages

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
)

// filters are the parameters that choose activities, others those that choose how they
// are shown.
var (
	filters = []string{"from", "to", "tz", "status", "outcome", "source", "kind", "operation", "cause", "flag", "identity", "identity_contains", "requester", "approver", "group", "tenant", "q"}
	others  = []string{"sort", "order", "after", "before", "at", "rows", "id", "format", "columns", "bom", "allow_unproven"}
)

// query is the query of an address.
type query url.Values

// Get returns the first value of a parameter.
func (q query) Get(name string) string { return url.Values(q).Get(name) }

// Has reports whether a parameter has the value, whatever its case.
func (q query) Has(name, value string) bool {
	return slices.ContainsFunc(q[name], func(v string) bool { return strings.EqualFold(v, value) })
}

// Any reports whether one of the parameters has a value.
func (q query) Any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return q.Get(name) != "" })
}

// With is a relative address with the query and other values: pairs of a name and a value.
// An empty value takes the parameter away.
func (q query) With(pairs ...string) string {
	other := maps.Clone(q)
	for i, name := range pairs {
		if i%2 == 0 {
			other[name] = pairs[i+1 : i+2]
		}
	}
	for name, values := range other {
		other[name] = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	}
	return "?" + url.Values(other).Encode()
}

// Fresh is With for another list, which begins with its first page and as of now.
func (q query) Fresh(pairs ...string) string {
	return q.With(append([]string{"after", "", "before", "", "at", ""}, pairs...)...)
}

// Filters is With of the parameters that choose activities alone.
func (q query) Filters(pairs ...string) string {
	other := query{}
	for _, name := range filters {
		if values, ok := q[name]; ok {
			other[name] = values
		}
	}
	return other.With(pairs...)
}

// view is what every page knows of its request.
type view struct {
	Title  string
	Query  query
	Filter report.Filter
	// AsOf is the time of the first page of a list, for all of its pages.
	AsOf time.Time
	// Open shows all filters from the beginning.
	Open bool
	// wrong says what is wrong with the query.
	wrong error
}

func newView(req *http.Request, now time.Time) *view {
	v := &view{Query: query(req.URL.Query()), AsOf: now.UTC().Truncate(time.Millisecond)}
	for name := range v.Query {
		if !slices.Contains(filters, strings.TrimPrefix(name, "var-")) && !slices.Contains(others, name) && name != "var-search" {
			v.wrong = fmt.Errorf("%w: there is no parameter %q: write one of %s", report.ErrFilter, name, strings.Join(filters, ", "))
		}
	}
	if at := v.Query.Get("at"); at != "" {
		as, err := time.Parse(time.RFC3339, at)
		if err != nil {
			v.wrong = fmt.Errorf("%w: at: %q is not a time: leave it out", report.ErrFilter, at)
		} else {
			v.AsOf = as.UTC()
		}
	}
	v.Filter.Zone = time.UTC
	return v
}

// readFilter reads the filter, whose words such as 24h count from the time of the list.
func (v *view) readFilter(maxRange time.Duration) error {
	f, err := report.ParseFilter(url.Values(v.Query), v.AsOf)
	v.Filter = f
	if err == nil && maxRange > 0 && f.To.Sub(f.From) > maxRange {
		err = fmt.Errorf("%w: the period is longer than %s: choose a shorter one, or use provtrail report", report.ErrFilter, maxRange)
	}
	return err
}

// Zone is the name of the time zone in which times are shown.
func (v *view) Zone() string { return v.Filter.Zone.String() }

// moment is a time for the element of that name.
type moment struct{ ISO, Date, Clock string }

// When is a time in the zone of the request; the zero moment for none.
func (v *view) When(at pcommon.Timestamp) moment {
	if at == 0 {
		return moment{}
	}
	return v.At(at.AsTime())
}

// At is When of a time.
func (v *view) At(at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	at = at.In(v.Filter.Zone)
	return moment{at.Format(time.RFC3339Nano), at.Format(time.DateOnly), at.Format(time.TimeOnly)}
}

// Statuses lists the six, the worst first.
func (v *view) Statuses() []provisioning.Status { return provisioning.Statuses[:] }

// TimeForms says how a time is written.
func (v *view) TimeForms() string { return report.TimeForms }

// Flags lists the words of the parameter flag.
func (v *view) Flags() []string { return report.Flags }

// KindWords lists the words of the parameter kind.
func (v *view) KindWords() []string {
	return []string{string(provisioning.KindProvisioning), string(provisioning.KindDeprovisioning), string(provisioning.KindPassword)}
}

// More reports whether filters are in use that do not stand in the first line.
func (v *view) More() bool {
	return v.Open || len(v.Query["status"]) > 1 || v.Query.Any("operation", "cause", "identity", "requester", "approver", "flag", "tenant", "tz")
}
