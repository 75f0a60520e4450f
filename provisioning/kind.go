package provisioning

import "strings"

// Kind sorts activities by what they mean for a person's access.
type Kind string

const (
	KindProvisioning   Kind = "provisioning"
	KindDeprovisioning Kind = "deprovisioning"
	KindPassword       Kind = "password"
)

// Causes that provtrail names itself; any other cause keeps the vendor's word.
const (
	CauseAccessRequest   = "Access Request"
	CauseCertification   = "Certification"
	CauseAttributeSync   = "Attribute Sync"
	CauseIdentityRefresh = "Identity Refresh"
	CauseLifecycleChange = "Lifecycle Change"
	CausePasswordRequest = "Password Request"
	CauseAutomated       = "Automated Change" // the vendor's CloudAutomated
	CauseAccountUpdate   = "Account Update"
	CauseAccountState    = "Account State Change"
	CauseRoleAssignment  = "Role Assignment"
	CauseManualWork      = "Manual Work"
)

// KindOf derives the kind from an activity's operation, cause and attribute.
// A password is changed by its own operation, by a password request, or by
// writing the password attribute of an account that is not being created. What a
// certification revoked is deprovisioning, however the source spells it.
func KindOf(op Operation, cause, attribute string) Kind {
	if op == OperationChangePassword || cause == CausePasswordRequest {
		return KindPassword
	}
	if (op == OperationSet || op == OperationModify) && strings.EqualFold(attribute, "password") {
		return KindPassword
	}
	switch op {
	case OperationRemove, OperationDelete, OperationDisable, OperationLock:
		return KindDeprovisioning
	case OperationModify, OperationSet, "":
		if cause == CauseCertification {
			return KindDeprovisioning
		}
	}
	return KindProvisioning
}

// Feed is where an observation came from.
type Feed string

const (
	FeedREST    Feed = "rest"    // account-activities of the REST API
	FeedSearch  Feed = "search"  // accountactivities index of the search API
	FeedEvents  Feed = "events"  // events index of the search API
	FeedWebhook Feed = "webhook" // Provisioning Completed trigger
	FeedFile    Feed = "file"    // documents read from files
)

// FailedOn is the side on which a password change failed.
type FailedOn string

const (
	FailedOnNone        FailedOn = "none"
	FailedOnIdentityNow FailedOn = "identitynow"
	FailedOnSource      FailedOn = "source"
	FailedOnBoth        FailedOn = "both"
)
