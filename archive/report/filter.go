package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Filter selects the activities that are reported. Zero values do not restrict. Where a
// list has several values, one must match; text is compared without case.
type Filter struct {
	// From and To bound the time of what happened: From is within, To is not.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`

	Status    []string `json:"status,omitempty"`
	Outcome   []string `json:"outcome,omitempty"` // of what is Failed: fault or declined
	Source    []string `json:"source,omitempty"`  // id or name
	Kind      []string `json:"kind,omitempty"`
	Operation []string `json:"operation,omitempty"`
	Cause     []string `json:"cause,omitempty"`
	Requester []string `json:"requester,omitempty"` // id or name
	Approver  []string `json:"approver,omitempty"`  // name
	Flag      []string `json:"flag,omitempty"`      // of Flags
	Identity  []string `json:"identity,omitempty"`  // id or name
	Group     []string `json:"group,omitempty"`     // id or number
	Tenant    []string `json:"tenant,omitempty"`
	// IdentityContains is an id, or a part of a name or an account.
	IdentityContains string `json:"identity_contains,omitempty"`
	Text             string `json:"text,omitempty"` // anywhere in names, values and errors

	// Columns of the activities in their order, in every format. None means those of the
	// Activities page, and all in Parquet and JSON.
	Columns []string `json:"columns,omitempty"`
	// Zone in which times are written; nil is UTC.
	Zone *time.Location `json:"-"`
	// BOM begins each CSV file with a byte order mark.
	BOM bool `json:"bom,omitempty"`

	// AllowUnproven also reports rows of files that are not as they were sealed, and
	// marks them in the column unproven. Without it they are an error.
	AllowUnproven bool `json:"allow_unproven,omitempty"`
}

// Flags are the words that Flag knows: Pending or Retrying for too long, Committed and
// not verified for too long, contradicted by an observation, more than one attempt.
var Flags = []string{"stalled", "overdue", "odd", "retried"}

// DefaultPeriod is reported where no From is given.
const DefaultPeriod = 7 * 24 * time.Hour

// grafanaAll is the value of a Grafana variable that does not restrict.
const grafanaAll = "$__all"

// ErrFilter is wrapped by every error about a filter.
var ErrFilter = errors.New("wrong request")

// ParseFilter reads a query: from, to (see ParseTime), status, outcome, source, kind, operation, cause,
// flag, identity, requester, approver, group, tenant (each may be repeated), identity_contains,
// q, columns (with commas), tz (an IANA name), bom and allow_unproven. The variables of a Grafana dashboard are read too: var-status and so on.
func ParseFilter(query url.Values, now time.Time) (Filter, error) {
	f := Filter{
		To: now, Zone: time.UTC,
		Text: cmp.Or(query.Get("q"), query.Get("var-search")), IdentityContains: query.Get("identity_contains"),
	}
	var errs []error
	wrong := func(name string, err error) { errs = append(errs, fmt.Errorf("%w: %s: %w", ErrFilter, name, err)) }
	if zone := query.Get("tz"); zone != "" {
		var err error
		if f.Zone, err = time.LoadLocation(zone); err != nil {
			wrong("tz", err)
			f.Zone = time.UTC
		}
	}
	var err error
	if f.To, err = timeOr(query.Get("to"), f.Zone, now, now); err != nil {
		wrong("to", err)
	}
	if f.From, err = timeOr(query.Get("from"), f.Zone, now, f.To.Add(-DefaultPeriod)); err != nil {
		wrong("from", err)
	}
	for name, list := range map[string]*[]string{
		"status": &f.Status, "outcome": &f.Outcome, "source": &f.Source, "kind": &f.Kind, "operation": &f.Operation,
		"cause": &f.Cause, "flag": &f.Flag, "identity": &f.Identity, "requester": &f.Requester, "approver": &f.Approver,
		"group": &f.Group, "tenant": &f.Tenant,
	} {
		all := func(s string) bool { return s == "" || s == grafanaAll }
		given := slices.DeleteFunc(slices.Clone(query["var-"+name]), all)
		for i, value := range given {
			given[i] = decodeOption(value)
		}
		*list = slices.Concat(given, slices.DeleteFunc(slices.Clone(query[name]), all))
	}
	for name, flag := range map[string]*bool{"allow_unproven": &f.AllowUnproven, "bom": &f.BOM} {
		if text := query.Get(name); text != "" {
			if *flag, err = strconv.ParseBool(text); err != nil {
				wrong(name, err)
			}
		}
	}
	if columns := query.Get("columns"); columns != "" {
		for column := range strings.SplitSeq(columns, ",") {
			f.Columns = append(f.Columns, strings.TrimSpace(column))
		}
	}
	return f, errors.Join(append(errs, f.Validate())...)
}

// Parameters are the names that ParseFilter knows.
var Parameters = []string{
	"from", "to", "tz", "status", "outcome", "source", "kind", "operation", "cause", "flag", "identity", "identity_contains",
	"requester", "approver", "group", "tenant", "q", "columns", "bom", "allow_unproven",
}

// CheckParameters refuses a query with other names than Parameters and others: what is asked
// with a mistyped name would restrict nothing. Variables of Grafana, var-..., may have any name.
func CheckParameters(query url.Values, others ...string) error {
	known := slices.Concat(Parameters, others)
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "var-") {
			return noneOf("parameter", name, known)
		}
	}
	return nil
}

// decodeOption is the text of an option of a dashboard's variable: percent-encoded where
// it has a character that Grafana or SQL would read as its own.
func decodeOption(value string) string {
	if text, err := url.PathUnescape(value); err == nil {
		return text
	}
	return value
}

// Validate returns what is wrong with the filter.
func (f *Filter) Validate() error {
	var errs []error
	if !f.From.Before(f.To) {
		errs = append(errs, fmt.Errorf("%w: from (%s) is not before to (%s)", ErrFilter, f.From.Format(time.RFC3339), f.To.Format(time.RFC3339)))
	}
	for _, list := range []struct {
		name         string
		words, known []string
	}{{"status", f.Status, statuses()}, {"outcome", f.Outcome, outcomes}, {"kind", f.Kind, kinds}, {"flag", f.Flag, Flags}, {"column", f.Columns, archive.Columns()}} {
		for _, w := range list.words {
			if !one([]string{w}, list.known...) || list.name == "column" && !slices.Contains(list.known, w) {
				errs = append(errs, noneOf(list.name, w, list.known))
			}
		}
	}
	return errors.Join(errs...)
}

var outcomes = []string{string(provisioning.OutcomeFault), string(provisioning.OutcomeDeclined)}

var kinds = []string{string(provisioning.KindProvisioning), string(provisioning.KindDeprovisioning), string(provisioning.KindPassword)}

func statuses() (words []string) {
	for _, s := range provisioning.Statuses {
		words = append(words, s.String())
	}
	return words
}

// filterColumns are the columns that matches reads, and folded_into: a folded activity
// is part of another one.
var filterColumns = []string{
	"tenant", "status", "kind", "operation", "cause", "source_id", "source_name", "identity_id", "identity_name", "group_id",
	"group_number", "account_id", "attribute_name", "attribute_value", "error_message", "requester_id", "requester_name", "approver_name",
	"ticket_id", "folded_into", "stalled", "overdue", "odd", "attempts", "outcome",
}

// columns are those of filterColumns that this filter reads.
func (f *Filter) columns() (list []string) {
	if f.Text != "" {
		return filterColumns
	}
	for _, use := range []struct {
		used    bool
		columns []string
	}{
		{len(f.Tenant) > 0, []string{"tenant"}},
		{len(f.Status) > 0, []string{"status"}},
		{len(f.Kind) > 0, []string{"kind"}},
		{len(f.Operation) > 0, []string{"operation"}},
		{len(f.Cause) > 0, []string{"cause"}},
		{len(f.Source) > 0, []string{"source_id", "source_name"}},
		{len(f.Flag) > 0, []string{"stalled", "overdue", "odd", "attempts"}},
		{len(f.Outcome) > 0, []string{"outcome"}},
		{len(f.Identity) > 0, []string{"identity_id", "identity_name"}},
		{len(f.Requester) > 0, []string{"requester_id", "requester_name"}},
		{len(f.Approver) > 0, []string{"approver_name"}},
		{len(f.Group) > 0, []string{"group_id", "group_number"}},
		{f.IdentityContains != "", []string{"identity_id", "identity_name", "account_id"}},
	} {
		if use.used {
			list = append(list, use.columns...)
		}
	}
	return list
}

// matches is called with the state of an activity at the end of the period.
func (f *Filter) matches(r *record.Record) bool {
	return one(f.Tenant, r.Tenant) && one(f.Status, r.Status.String()) && one(f.Outcome, string(r.Outcome)) && one(f.Kind, string(r.Kind)) &&
		one(f.Operation, string(r.Operation)) && one(f.Source, r.SourceID, r.SourceName) &&
		one(f.Cause, r.Cause) && one(f.Requester, r.RequesterID, r.RequesterName) && one(f.Approver, r.ApproverName) && f.flagged(r) && one(f.Identity, r.IdentityID, r.IdentityName) && f.concerns(r) &&
		(len(f.Group) == 0 || one(f.Group, r.GroupID, strconv.FormatInt(r.GroupNumber, 10))) && f.contains(r)
}

func one(wanted []string, values ...string) bool {
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(wanted, func(w string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, w) })
	})
}

// flagged reports whether the activity has one of the flags.
func (f *Filter) flagged(r *record.Record) bool {
	if len(f.Flag) == 0 {
		return true
	}
	has := map[string]bool{
		"stalled": r.Stalled, "overdue": r.Overdue, "odd": r.Odd, "retried": r.Attempts > 1,
	}
	return slices.ContainsFunc(f.Flag, func(name string) bool { return has[strings.ToLower(name)] })
}

func (f *Filter) concerns(r *record.Record) bool {
	text := strings.ToLower(f.IdentityContains)
	return text == "" || strings.EqualFold(r.IdentityID, text) ||
		strings.Contains(strings.ToLower(r.IdentityName), text) || strings.Contains(strings.ToLower(r.AccountID), text)
}

func (f *Filter) contains(r *record.Record) bool {
	if f.Text == "" {
		return true
	}
	text := strings.ToLower(f.Text)
	for _, v := range []string{
		r.IdentityName, r.IdentityID, r.AccountID, r.SourceName, r.AttributeName, r.AttributeValue, r.ErrorMessage,
		r.RequesterName, r.ApproverName, r.GroupID, r.TicketID, r.Cause, string(r.Operation),
	} {
		if strings.Contains(strings.ToLower(v), text) {
			return true
		}
	}
	return false
}
