package pages

import (
	"cmp"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var functions = template.FuncMap{
	"badge": statusBadge, "count": count, "cut": cut, "percent": percent, "join": strings.Join,
	"dict": func(pairs ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	},
}

// row is an activity as the tables show it.
type row struct{ *record.Record }

func rows(records []record.Record) []row {
	list := make([]row, len(records))
	for i := range records {
		list[i] = row{&records[i]}
	}
	return list
}

// badge is a status with its colour.
type badge struct{ Class, Word string }

func statusBadge(s provisioning.Status) badge {
	if s == provisioning.StatusUnset {
		return badge{"unknown", "unknown"}
	}
	return badge{strings.ReplaceAll(strings.ToLower(s.String()), " ", "-"), s.String()}
}

// Badge is the activity's status. A decision has no colour of a fault.
func (r row) Badge() badge {
	if r.Outcome == provisioning.OutcomeDeclined {
		return badge{"declined", "Failed: declined"}
	}
	return statusBadge(r.Status)
}

// Change is what is done, in words.
func (r row) Change() string {
	return strings.Join(strings.Fields(strings.Join([]string{cmp.Or(string(r.Operation), "Change"), r.AttributeName, r.AttributeValue}, " ")), " ")
}

// Person is whose access changes.
func (r row) Person() string { return cmp.Or(r.IdentityName, r.IdentityID) }

// Source is where.
func (r row) Source() string { return cmp.Or(r.SourceName, r.SourceID) }

// Advice is what to do about the activity's error; nil where there is none.
func (r row) Advice() *advice { return adviceFor(r.ErrorCategory, r.ErrorSignature) }

// Declined reports whether somebody decided against it.
func (r row) Declined() bool { return r.Outcome == provisioning.OutcomeDeclined }

// Waits says what the activity waits for; empty where it waits for nothing.
func (r row) Waits() string { return waits(report.WaitOf(r.Record)) }

func waits(w report.Wait) string {
	switch w.For {
	case "approval":
		return "approval by " + w.Who
	case "manual task":
		return strings.TrimSpace("a manual task " + w.Who)
	case "next attempt":
		return "the next attempt"
	case "source":
		return "the source"
	default:
		return w.For
	}
}

// Marks are the flags of the activity.
func (r row) Marks() (marks []string) {
	for _, m := range []struct {
		is   bool
		word string
	}{{r.Stalled, "stalled"}, {r.Overdue, "overdue"}, {r.Odd, "odd"}} {
		if m.is {
			marks = append(marks, m.word)
		}
	}
	if r.Attempts > 1 {
		marks = append(marks, strconv.FormatInt(r.Attempts, 10)+" attempts")
	}
	return marks
}

// Link is the address of the activity's page: records of it are looked for from shortly
// before it was requested.
func (r row) Link(zone string) string {
	q := url.Values{"id": {r.ActivityID.String()}}
	if r.RequestedAt != 0 {
		q.Set("from", r.RequestedAt.AsTime().Add(-time.Hour).Format(time.RFC3339))
	}
	if zone != "UTC" {
		q.Set("tz", zone)
	}
	return "activity?" + q.Encode()
}

// count writes a number with separators.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// percent is a share of a whole in percent; empty where there is no whole.
func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " %"
}
