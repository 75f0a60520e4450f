package sailpoint

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// reader reads one document.
type reader struct {
	*Parser
	text string // the document, secrets redacted
	doc  *document
	at   pcommon.Timestamp
	to   *Result
}

func (r *reader) ignore(reason, name string) {
	r.to.Ignored = append(r.to.Ignored, Ignored{Reason: reason, Name: name})
}

// add completes an observation and keeps it.
func (r *reader) add(o *provisioning.Observation) {
	o.Tenant, o.Feed, o.ObservedAt = r.Tenant, r.Feed, r.at
	if secret(o.AttributeName) {
		// Also where the vendor masks or omits the value, so that every feed
		// gives the same activity.
		o.AttributeValue = Redacted
	}
	if strings.EqualFold(o.SourceName, identityNow) && provisioning.KindOf(o.Operation, o.Cause, o.AttributeName) == provisioning.KindPassword {
		// A password tried on IdentityNow as a source is tried on its own side.
		o.Side = provisioning.FailedOnIdentityNow
	}
	o.EventID = provisioning.EventID(o)
	r.to.Observations = append(r.to.Observations, *o)
}

// moment reads the vendor's time; empty is absent. Nanoseconds since 1970 in a
// signed 64-bit integer end in April 2262.
func moment(field, word string) (pcommon.Timestamp, error) {
	if word == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339Nano, word)
	if err != nil {
		// Also written by the vendor's older services.
		t, err = time.Parse("2006-01-02T15:04:05.999999999Z0700", word)
	}
	if err != nil {
		return 0, invalid(field, "is %q, want a time like 2026-01-31T23:59:59.000Z", cut(word, 40))
	}
	if t.Before(time.Unix(0, 0)) || t.After(record.MaxTime.AsTime()) {
		return 0, invalid(field, "is %s, want a time between 1970 and 2262", cut(word, 40))
	}
	return pcommon.NewTimestampFromTime(t), nil
}

// named is a time and the field it stands in.
type named struct{ field, word string }

// firstMoment reads the first that is present.
func firstMoment(times ...named) (pcommon.Timestamp, error) {
	for _, t := range times {
		if t.word != "" {
			return moment(t.field, t.word)
		}
	}
	return 0, nil
}

func cut(word string, limit int) string {
	if len(word) > limit {
		return Head([]byte(word), limit) + "…"
	}
	return word
}

// isID reports whether id is an id rather than a name in an id's place.
func isID(id string) bool { return id != "" && provisioning.SourceKey(id, "?") == id }

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
