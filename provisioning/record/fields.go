package record

// The one list of what a record carries. From it come the LogRecord's attributes
// ("provisioning." + column), the columns of ClickHouse, Parquet and CSV, and the
// table in docs/attributes.md.

// AttributePrefix stands before a column's name in a LogRecord.
const AttributePrefix = "provisioning."

// Names that are no columns.
const (
	EventActivity       = "provisioning.activity"
	EventGroup          = "provisioning.group"
	EventQuarantine     = "provisioning.quarantine"
	EventReconciliation = "provisioning.reconciliation"

	AttributeOriginal = "log.record.original" // OpenTelemetry semantic conventions
	AttributeFilePath = "log.file.path"       // OpenTelemetry semantic conventions
)

// Field is one value of a Record.
type Field = FieldOf[Record]

// Fields lists every value of a Record in the order of the documents. Three of
// them are no attributes but the LogRecord's own: occurred_at is its Timestamp,
// observed_at its ObservedTimestamp, original the attribute log.record.original.
var Fields = Activities.Fields

// Activities are the records of observations and states.
var Activities = newSchema(EventActivity, []Field{
	{Column: "tenant", LowCardinality: true, Doc: "Organisation of the identity system.", Pointer: func(r *Record) any { return &r.Tenant }},
	{Column: "record_type", LowCardinality: true, Derived: true, Doc: "`observation`: the one record of a distinct observation. `state`: a changed state that no observation of its own reported (a further activity of an account-level observation, a late observation, a timer, a fold).", Pointer: func(r *Record) any { return &r.RecordType }},
	{Column: "event_id", Doc: "Deterministic id of the record: the idempotency key of every store.", Pointer: func(r *Record) any { return &r.EventID }},
	{Column: "feed", LowCardinality: true, Doc: "Where the observation came from: `rest`, `search`, `events`, `webhook`, `file`.", Pointer: func(r *Record) any { return &r.Feed }},
	{Column: "dialect", LowCardinality: true, Doc: "Shape of the vendor's document: `rest`, `search`, `event`, `trigger`.", Pointer: func(r *Record) any { return &r.Dialect }},
	{Column: "group_id", Doc: "The vendor's tracking number = account activity id.", Pointer: func(r *Record) any { return &r.GroupID }},
	{Column: "group_number", Derived: true, Doc: "Short number of the group, at most eleven digits: a label, not a key.", Pointer: func(r *Record) any { return &r.GroupNumber }},
	{Column: "group_status", LowCardinality: true, Derived: true, Doc: "Worst status of the group's activities when the record was made.", Pointer: func(r *Record) any { return &r.GroupStatus }},
	{Column: "activity_id", Derived: true, Doc: "Deterministic id of the activity.", Pointer: func(r *Record) any { return &r.ActivityID }},
	{Column: "status", LowCardinality: true, Derived: true, Doc: "One of the six statuses: the activity's after this record; empty while only unknown words were reported.", Pointer: func(r *Record) any { return &r.Status }},
	{Column: "outcome", LowCardinality: true, Derived: true, Doc: "Why a Failed activity is Failed: `fault`, or `declined` where an approver rejected it, it expired, was canceled or was closed by a person. Empty for other statuses.", Pointer: func(r *Record) any { return &r.Outcome }},
	{Column: "previous_status", LowCardinality: true, Derived: true, Doc: "The activity's status before this record; empty at first sight.", Pointer: func(r *Record) any { return &r.PreviousStatus }},
	{Column: "reported_status", LowCardinality: true, Doc: "What the observation itself reports; empty where the vendor's word is unknown.", Pointer: func(r *Record) any { return &r.ReportedStatus }},
	{Column: "raw_status", LowCardinality: true, Doc: "The vendor's word for the status.", Pointer: func(r *Record) any { return &r.RawStatus }},
	{Column: "odd", Derived: true, Doc: "The observation contradicts what was known (for example Pending after Success).", Pointer: func(r *Record) any { return &r.Odd }},
	{Column: "kind", LowCardinality: true, Derived: true, Doc: "`provisioning`, `deprovisioning` or `password`.", Pointer: func(r *Record) any { return &r.Kind }},
	{Column: "operation", LowCardinality: true, Doc: "Add, Create, Modify, Delete, Disable, Enable, Unlock, Lock, Remove, Set, ChangePassword, or the vendor's word.", Pointer: func(r *Record) any { return &r.Operation }},
	{Column: "cause", LowCardinality: true, Doc: "What the action was: Access Request, Certification, Attribute Sync, Identity Refresh, Lifecycle Change, Password Request, or the vendor's word.", Pointer: func(r *Record) any { return &r.Cause }},
	{Column: "raw_cause", LowCardinality: true, Doc: "The vendor's word for the cause.", Pointer: func(r *Record) any { return &r.RawCause }},
	{Column: "source_id", LowCardinality: true, Doc: "Target application's id (the vendor sometimes writes a name here).", Pointer: func(r *Record) any { return &r.SourceID }},
	{Column: "source_name", LowCardinality: true, Doc: "Target application's name.", Pointer: func(r *Record) any { return &r.SourceName }},
	{Column: "account_id", Personal: true, Doc: "Account on the source (native identity).", Pointer: func(r *Record) any { return &r.AccountID }},
	{Column: "account_level", Doc: "The observation names an account and no attribute, and speaks of every finer activity it covers.", Pointer: func(r *Record) any { return &r.AccountLevel }},
	{Column: "attribute_name", LowCardinality: true, Doc: "Attribute changed; empty for a change of the account itself.", Pointer: func(r *Record) any { return &r.AttributeName }},
	{Column: "attribute_value", Personal: true, Doc: "Value given or taken; values of secret attributes are redacted.", Pointer: func(r *Record) any { return &r.AttributeValue }},
	{Column: "identity_id", Personal: true, Doc: "Person whose access changes.", Pointer: func(r *Record) any { return &r.IdentityID }},
	{Column: "identity_name", Personal: true, Doc: "Name of that person.", Pointer: func(r *Record) any { return &r.IdentityName }},
	{Column: "requester_id", Personal: true, Doc: "Who asked.", Pointer: func(r *Record) any { return &r.RequesterID }},
	{Column: "requester_name", Personal: true, Doc: "Name of who asked.", Pointer: func(r *Record) any { return &r.RequesterName }},
	{Column: "approver_name", Personal: true, Doc: "Who approved, or whose approval it waits for.", Pointer: func(r *Record) any { return &r.ApproverName }},
	{Column: "approval_status", LowCardinality: true, Doc: "Pending, Approved, Rejected, Returned, Expired or Canceled, or a word of the vendor that is none of them.", Pointer: func(r *Record) any { return &r.ApprovalStatus }},
	{Column: "raw_approval_status", LowCardinality: true, Doc: "The vendor's word for the approval.", Pointer: func(r *Record) any { return &r.RawApproval }},
	{Column: "error_message", Personal: true, Doc: "Error of the current state; the history keeps earlier ones.", Pointer: func(r *Record) any { return &r.ErrorMessage }},
	{Column: "error_category", LowCardinality: true, Derived: true, Doc: "Kind of the error, see errors.md; empty where there is none.", Pointer: func(r *Record) any { return &r.ErrorCategory }},
	{Column: "error_signature", LowCardinality: true, Derived: true, Doc: "Signature that knows the error text, empty where none does.", Pointer: func(r *Record) any { return &r.ErrorSignature }},
	{Column: "error_fingerprint", Derived: true, Doc: "Equal for errors of one cause on one source.", Pointer: func(r *Record) any { return &r.ErrorFingerprint }},
	{Column: "warnings", Personal: true, Doc: "The vendor's warnings.", Pointer: func(r *Record) any { return &r.Warnings }},
	{Column: "failed_on", LowCardinality: true, Derived: true, Doc: "Side on which a password change failed: `none`, `identitynow`, `source`, `both`; empty for other kinds.", Pointer: func(r *Record) any { return &r.FailedOn }},
	{Column: "failed_side", LowCardinality: true, Doc: "Side a password observation speaks of: `identitynow` or `source`; empty for other kinds.", Pointer: func(r *Record) any { return &r.Side }},
	{Column: "ticket_id", Doc: "Service desk ticket.", Pointer: func(r *Record) any { return &r.TicketID }},
	{Column: "requested_item_name", Doc: "What an access request asked for.", Pointer: func(r *Record) any { return &r.RequestedItemName }},
	{Column: "requested_item_type", LowCardinality: true, Doc: "What it is: `ROLE`, `ACCESS_PROFILE`, `ENTITLEMENT`.", Pointer: func(r *Record) any { return &r.RequestedItemType }},
	{Column: "requester_comment", Personal: true, Doc: "What the requester wrote.", Pointer: func(r *Record) any { return &r.RequesterComment }},
	{Column: "reviewer_comment", Personal: true, Doc: "What the approver wrote.", Pointer: func(r *Record) any { return &r.ReviewerComment }},
	{Column: "client_metadata", Personal: true, Doc: "The caller's metadata of an access request, a JSON object.", Pointer: func(r *Record) any { return &r.ClientMetadata }},
	{Column: "vendor_id", Doc: "The vendor's id of the document.", Pointer: func(r *Record) any { return &r.VendorID }},
	{Column: "vendor_created_at", Doc: "When the vendor made the document: it never changes, and says in which hour reconciliation counts the document. Absent in a trigger.", Pointer: func(r *Record) any { return &r.VendorCreatedAt }},
	{Column: "item_id", Doc: "The vendor's id of the account activity item.", Pointer: func(r *Record) any { return &r.ItemID }},
	{Column: "attempts", Derived: true, Doc: "1 + the number of steps into Retrying.", Pointer: func(r *Record) any { return &r.Attempts }},
	{Column: "stalled", Derived: true, Doc: "Pending or Retrying for longer than the source's threshold.", Pointer: func(r *Record) any { return &r.Stalled }},
	{Column: "overdue", Derived: true, Doc: "Committed and not verified for longer than the source's threshold.", Pointer: func(r *Record) any { return &r.Overdue }},
	{Column: "requested_at", Doc: "When the change was asked for.", Pointer: func(r *Record) any { return &r.RequestedAt }},
	{Column: "remove_at", Doc: "When the access ends again.", Pointer: func(r *Record) any { return &r.RemoveAt }},
	{Column: "occurred_at", Doc: "The vendor's time; absent where the vendor gives none. The state of an activity without a time has that of its request or of the others of its group.", Pointer: func(r *Record) any { return &r.OccurredAt }},
	{Column: "observed_at", Doc: "When the observation was first received.", Pointer: func(r *Record) any { return &r.ObservedAt }},
	{Column: "status_since", Derived: true, Doc: "When the activity entered its status.", Pointer: func(r *Record) any { return &r.StatusSince }},
	{Column: "first_pending_at", Derived: true, Doc: "First Pending.", Pointer: func(r *Record) any { return &r.FirstPendingAt }},
	{Column: "first_retrying_at", Derived: true, Doc: "First Retrying.", Pointer: func(r *Record) any { return &r.FirstRetryingAt }},
	{Column: "first_not_verifiable_at", Derived: true, Doc: "First Not Verifiable.", Pointer: func(r *Record) any { return &r.FirstNotVerifiableAt }},
	{Column: "committed_at", Derived: true, Doc: "First Committed.", Pointer: func(r *Record) any { return &r.CommittedAt }},
	{Column: "finished_at", Derived: true, Doc: "First Success.", Pointer: func(r *Record) any { return &r.FinishedAt }},
	{Column: "first_failed_at", Derived: true, Doc: "First Failed.", Pointer: func(r *Record) any { return &r.FirstFailedAt }},
	{Column: "failed_at", Derived: true, Doc: "Last Failed.", Pointer: func(r *Record) any { return &r.FailedAt }},
	{Column: "pending_ms", Derived: true, Doc: "Milliseconds spent in Pending, once left.", Pointer: func(r *Record) any { return &r.PendingMS }},
	{Column: "retrying_ms", Derived: true, Doc: "Milliseconds spent in Retrying, once left.", Pointer: func(r *Record) any { return &r.RetryingMS }},
	{Column: "committed_ms", Derived: true, Doc: "Milliseconds spent in Committed, once left.", Pointer: func(r *Record) any { return &r.CommittedMS }},
	{Column: "failed_ms", Derived: true, Doc: "Milliseconds spent in Failed, once left.", Pointer: func(r *Record) any { return &r.FailedMS }},
	{Column: "state_seq", Derived: true, Doc: "Number of distinct observations folded into the activity up to this record.", Pointer: func(r *Record) any { return &r.StateSeq }},
	{Column: "version", Derived: true, Doc: "Orders the states of one activity: 2 x changes of its group, + 1 when flagged by a timer; the upper 32 bits count interruptions (crashes, failures; where several collectors share the groups, they start at the seconds since 2025), so that what is emitted after one supersedes what was emitted before.", Pointer: func(r *Record) any { return &r.Version }},
	{Column: "current", Derived: true, Doc: "The record is its activity's newest state.", Pointer: func(r *Record) any { return &r.Current }},
	{Column: "folded_into", Derived: true, Doc: "The activity no longer stands: this finer activity took it in.", Pointer: func(r *Record) any { return &r.FoldedInto }},
	{Column: "withdrawn", Derived: true, Doc: "The hours, in seconds since 1970, in which the activity was said to have entered a status and did not, as `Success 1780000000`, with commas: a document of another time came later.", Pointer: func(r *Record) any { return &r.Withdrawn }},
	{Column: "reported_overrides", Personal: true, Derived: true, Doc: "A JSON object of the columns in which the observation itself differs from its record, which has its activity's values; with it the observation can be restored. Times in it are in nanoseconds. Empty where there is no difference, and on state records.", Pointer: func(r *Record) any { return &r.ReportedOverrides }},
	{Column: "reason", Derived: true, Doc: "Why a state was written again though nothing was observed: what replayed it, and which columns that changed. Empty on other records.", Pointer: func(r *Record) any { return &r.Reason }},
	{Column: "original", Personal: true, Doc: "The vendor's verbatim JSON, secrets redacted; empty on state records.", Pointer: func(r *Record) any { return &r.Original }},
})
