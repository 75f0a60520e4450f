package sailpoint

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// reader reads one document.
type reader struct {
	*Parser
	text string // the document, secrets redacted
	doc  *document
	at   pcommon.Timestamp
	env  envelope
	to   *Result
}

func (r *reader) ignore(reason, name string) {
	r.to.Ignored = append(r.to.Ignored, Ignored{Reason: reason, Name: name})
}

// add completes an observation and keeps it.
func (r *reader) add(o *provisioning.Observation) {
	o.Tenant, o.Feed, o.ObservedAt = r.Tenant, r.Feed, r.at
	if r.Secrets.isSecret(o.AttributeName) {
		// Also where the vendor masks or omits the value, so that every feed
		// gives the same activity.
		o.AttributeValue = Redacted
	}
	if provisioning.KindOf(o.Operation, o.Cause, o.AttributeName) == provisioning.KindPassword {
		// The dialects write "Set" and "Modify" for it.
		o.Operation = provisioning.OperationChangePassword
		if strings.EqualFold(o.SourceName, identityNow) {
			// A password tried on IdentityNow as a source is tried on its own side.
			o.Side = provisioning.FailedOnIdentityNow
		}
	}
	o.EventID = provisioning.EventID(o)
	r.to.Observations = append(r.to.Observations, *o)
}

func cut(word string, limit int) string {
	if len(word) > limit {
		return Head([]byte(word), limit) + "…"
	}
	return word
}

// isID reports whether id is an id rather than a name in an id's place.
func isID(id string) bool { return id != "" && provisioning.SourceKey(id, "?") == id }
