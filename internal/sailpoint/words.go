package sailpoint

import (
	"strings"

	"github.com/provtrail/provtrail/provisioning"
)

// statuses maps what REST's provisioningStatus and the search index's result say
// about one change. FINISHED = Success and UNVERIFIABLE = Not Verifiable by
// exclusion: the vendor has six words and its page six statuses.
var statuses = map[string]provisioning.Status{
	"finished":          provisioning.StatusSuccess,
	"success":           provisioning.StatusSuccess,
	"commited":          provisioning.StatusCommitted, // REST spells it with one t
	"committed":         provisioning.StatusCommitted,
	"failed":            provisioning.StatusFailed,
	"failure":           provisioning.StatusFailed,
	"unverifiable":      provisioning.StatusNotVerifiable,
	"notverifiable":     provisioning.StatusNotVerifiable,
	"pending":           provisioning.StatusPending,
	"queued":            provisioning.StatusPending,
	"manualtaskcreated": provisioning.StatusPending,
	"retry":             provisioning.StatusRetrying,
	"retrying":          provisioning.StatusRetrying,
}

// statusOf is unset for a word nobody documented: no guess.
func statusOf(word string) provisioning.Status {
	if s, ok := statuses[word]; ok {
		return s
	}
	return statuses[plainWord(word)]
}

// performed maps a trigger's and an event's words, which say that something was
// done, not that it was seen.
func (p *Parser) performed(word string) provisioning.Status {
	switch plainWord(word) {
	case "success", "passed":
		if p.PassedStatus == provisioning.StatusUnset {
			return provisioning.StatusCommitted
		}
		return p.PassedStatus
	case "started":
		return provisioning.StatusPending
	default:
		return statusOf(word)
	}
}

func init() {
	for word, s := range map[string]string{"pending": "PENDING", "finished": "FINISHED", "commited": "COMMITED", "failed": "FAILED", "unverifiable": "UNVERIFIABLE", "retry": "RETRY"} {
		statuses[s] = statuses[word] // as REST writes them, for a quick answer
	}
}

var causes = map[string]string{
	"appRequest":                      provisioning.CauseAccessRequest, // the commonest, as REST writes it
	"apprequest":                      provisioning.CauseAccessRequest,
	"accessrequest":                   provisioning.CauseAccessRequest,
	"certification":                   provisioning.CauseCertification,
	"attributesync":                   provisioning.CauseAttributeSync,
	"attributesynchronization":        provisioning.CauseAttributeSync,
	"attributesynchronizationrefresh": provisioning.CauseAttributeSync,
	"identityrefresh":                 provisioning.CauseIdentityRefresh,
	"lifecyclechange":                 provisioning.CauseLifecycleChange,
	"lifecyclechangerefresh":          provisioning.CauseLifecycleChange,
	"lifecyclestatechange":            provisioning.CauseLifecycleChange,
	"passwordrequest":                 provisioning.CausePasswordRequest,
	"cloudpasswordrequest":            provisioning.CausePasswordRequest,
	"passwordreset":                   provisioning.CausePasswordRequest,
	"cloudautomated":                  provisioning.CauseAutomated,
	"identityattributeupdate":         provisioning.CauseAttributeSync,
	"accountattributeupdate":          provisioning.CauseAccountUpdate,
	"accountstateupdate":              provisioning.CauseAccountState,
	"roleassignment":                  provisioning.CauseRoleAssignment,
	"rolemembership":                  provisioning.CauseRoleAssignment,
	"manualwork":                      provisioning.CauseManualWork,
}

// causeOf gives the dialects' spellings one word; others stay as they are.
func causeOf(word string) string {
	if cause, ok := causes[word]; ok {
		return cause
	}
	if cause, ok := causes[plainWord(word)]; ok {
		return cause
	}
	return word
}

// plainWord is a word in lower case without what separates its parts.
func plainWord(word string) string {
	plain := true
	for i := range len(word) {
		if c := word[i]; c < 'a' || c > 'z' {
			plain = false
			break
		}
	}
	if plain {
		return word
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c == ' ' || c == '_' || c == '-':
			return -1
		default:
			return c
		}
	}, word)
}
