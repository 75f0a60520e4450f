package errorclass

// Category is the kind of an error. Ids are stable: categories are added, never renamed.
type Category string

const (
	ApprovalRejected     Category = "approval_rejected"
	ApprovalExpired      Category = "approval_expired"
	RequestCancelled     Category = "request_cancelled"
	PolicyViolation      Category = "policy_violation"
	ManualWork           Category = "manual_work"
	AuthFailed           Category = "auth_failed"
	PermissionDenied     Category = "permission_denied"
	ConnectionFailed     Category = "connection_failed"
	TemporarySourceFault Category = "temporary_source_fault"
	PasswordPolicy       Category = "password_policy"
	AlreadyExists        Category = "already_exists"
	AlreadyInState       Category = "already_in_state"
	ObjectNotFound       Category = "object_not_found"
	InvalidData          Category = "invalid_data"
	LicenseOrQuota       Category = "license_or_quota"
	ConfigurationError   Category = "configuration_error"
	Unclassified         Category = "unclassified"
)

// Retry says whether sending the same change again, unchanged, can help.
type Retry string

const (
	RetryYes     Retry = "yes"
	RetryNo      Retry = "no"
	RetryUnknown Retry = "unknown"
)

// Info describes a category for people.
type Info struct {
	Category Category
	Title    string
	Actor    string // who acts
	Retry    Retry  // unless the signature says otherwise
	Action   string // the next action where no signature has a better one
	// Group gathers categories that need the same kind of attention.
	Group Group
}

// Group gathers categories that need the same kind of attention.
type Group string

const (
	Decision  Group = "decision"                // a person's or a rule's no, not a fault
	Waiting   Group = "waiting"                 // people work on it
	FixSource Group = "fix once for the source" // hits every change on the source
	FixPerson Group = "fix for this person"     // hits this account only
	Wait      Group = "wait"                    // passes by itself
	Harmless  Group = "harmless"                // the wanted state was there already
	Unknown   Group = "unknown"
)

// Categories lists all categories. Where the errors of one activity have several, the
// first of the list that follows decisions is its headline, see headline.
var Categories = [...]Info{
	{ApprovalRejected, "Approver said no", "requester", RetryNo, "Read the reviewer's comment.", Decision},
	{ApprovalExpired, "Nobody answered in time", "requester", RetryNo, "Ask again and tell the approver that the request is coming.", Decision},
	{RequestCancelled, "Request was withdrawn or closed", "nobody", RetryNo, "Do nothing unless the access is still needed.", Decision},
	{PolicyViolation, "A policy forbids it", "requester with the policy owner", RetryNo, "Ask the policy owner, or request something else.", Decision},
	{AuthFailed, "The connector could not sign in", "source owner", RetryNo, "Renew the credentials of the source's service account.", FixSource},
	{ConnectionFailed, "The source cannot be reached", "administrator with the network's owner", RetryYes, "Check the network path from the virtual appliance to the source.", FixSource},
	{PermissionDenied, "The connector lacks a permission", "source owner", RetryNo, "Grant the missing permission to the source's service account.", FixSource},
	{ConfigurationError, "The source is configured wrongly", "administrator", RetryNo, "Correct the source's configuration, rule or transform.", FixSource},
	{LicenseOrQuota, "No licence or quota left", "source owner", RetryNo, "Free or buy a licence, or raise the quota, then retry.", FixSource},
	{AlreadyExists, "The account or name is taken", "administrator", RetryNo, "Aggregate the source and link the account, or choose another name.", FixPerson},
	{PasswordPolicy, "The new password was not accepted", "the person", RetryNo, "Choose a password that the source's policy accepts.", FixPerson},
	{InvalidData, "The source refused a value", "administrator", RetryNo, "Correct the mapping or the identity's data.", FixPerson},
	{ObjectNotFound, "The account or group is missing", "administrator", RetryNo, "Aggregate the source; the account or group was deleted or renamed there.", FixPerson},
	{TemporarySourceFault, "The source was slow or busy", "nobody at first", RetryYes, "Wait for the retry; call the source's owner if it lasts an hour.", Wait},
	{ManualWork, "Waits for people", "service desk", RetryNo, "Look at the task or ticket.", Waiting},
	{AlreadyInState, "Nothing had to change", "nobody", RetryNo, "Refresh the account; the wanted state was there already.", Harmless},
	{Unclassified, "Not recognised", "administrator", RetryUnknown, "Read the error text; add a signature for it.", Unknown},
}

// rank is a category's place in Categories, which is the order of headlines.
var rank = func() map[Category]int {
	m := make(map[Category]int, len(Categories))
	for i := range Categories {
		m[Categories[i].Category] = i
	}
	return m
}()

// Info returns the description of the category, and whether there is such a category.
func (c Category) Info() (Info, bool) {
	i, ok := rank[c]
	if !ok {
		return Info{}, false
	}
	return Categories[i], true
}
