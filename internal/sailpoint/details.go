package sailpoint

import (
	"regexp"

	"github.com/provtrail/provtrail/provisioning"
)

// comment is the text of a comment, which is an object with a body or the text itself.
func comment(v raw) string {
	if len(v) == 0 || v[0] != '{' {
		return text(v)
	}
	var c struct {
		Body raw `json:"body"`
	}
	if decode(string(v), &c) != nil {
		return ""
	}
	return text(c.Body)
}

// object is the JSON of an object that is not empty.
func object(v raw) string {
	if len(v) == 0 || v[0] != '{' || string(v) == "{}" {
		return ""
	}
	return string(v)
}

// closedByAdmin is the vendor's default text when an administrator closes a request that
// is stuck (developer.sailpoint.com, "Close Access Request"). It stands in the warnings,
// and whether the request counts as failed is the administrator's choice.
var closedByAdmin = regexp.MustCompile(`(?i)administrator manually closed (?:this|the) (?:access )?request`)

// closed marks a change whose request an administrator closed: nobody will decide or make
// it any more.
func (r *reader) closed(o *provisioning.Observation) {
	if o.Warnings != "" && !o.ApprovalStatus.Declined() && closedByAdmin.MatchString(o.Warnings) {
		o.ApprovalStatus = provisioning.ApprovalCanceled
	}
}
