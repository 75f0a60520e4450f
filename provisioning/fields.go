package provisioning

// The one list of what a record carries. From it come the LogRecord's attributes
// ("provisioning." + column), the columns of ClickHouse, Parquet and CSV, and the
// table in docs/attributes.md.

// AttributePrefix stands before a column's name in a LogRecord.
const AttributePrefix = "provisioning."

// Names that are no columns.
const (
	EventActivity   = "provisioning.activity"
	EventGroup      = "provisioning.group"
	EventQuarantine = "provisioning.quarantine"

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
	{Column: "tenant", Few: true, Doc: "Organisation of the identity system.", Of: func(r *Record) any { return &r.Tenant }},
	{Column: "record", Few: true, Derived: true, Doc: "`observation`: the one record of a distinct observation. `state`: a changed state that no observation of its own reported (a further activity of an account-level observation, a late observation, a timer, a fold).", Of: func(r *Record) any { return &r.Sort }},
	{Column: "event_id", Doc: "Deterministic id of the record: the idempotency key of every store.", Of: func(r *Record) any { return &r.EventID }},
	{Column: "feed", Few: true, Doc: "Where the observation came from: `rest`, `search`, `events`, `webhook`, `file`.", Of: func(r *Record) any { return &r.Feed }},
	{Column: "dialect", Few: true, Doc: "Shape of the vendor's document: `rest`, `search`, `event`, `trigger`.", Of: func(r *Record) any { return &r.Dialect }},
	{Column: "group_id", Doc: "The vendor's tracking number = account activity id.", Of: func(r *Record) any { return &r.GroupID }},
	{Column: "group_number", Derived: true, Doc: "Short number of the group, at most 53 bits.", Of: func(r *Record) any { return &r.GroupNumber }},
	{Column: "group_status", Few: true, Derived: true, Doc: "Worst status of the group's activities when the record was made.", Of: func(r *Record) any { return &r.GroupStatus }},
	{Column: "activity_id", Derived: true, Doc: "Deterministic id of the activity.", Of: func(r *Record) any { return &r.ActivityID }},
	{Column: "status", Few: true, Derived: true, Doc: "One of the six statuses: the activity's after this record; empty while only unknown words were said.", Of: func(r *Record) any { return &r.Status }},
	{Column: "previous_status", Few: true, Derived: true, Doc: "The activity's status before this record; empty at first sight.", Of: func(r *Record) any { return &r.PreviousStatus }},
	{Column: "observed_status", Few: true, Doc: "What the observation itself says; empty where the vendor's word is unknown.", Of: func(r *Record) any { return &r.Says }},
	{Column: "raw_status", Few: true, Doc: "The vendor's word for the status.", Of: func(r *Record) any { return &r.RawStatus }},
	{Column: "odd", Derived: true, Doc: "The observation contradicts what was known (for example Pending after Success).", Of: func(r *Record) any { return &r.Odd }},
	{Column: "kind", Few: true, Derived: true, Doc: "`provisioning`, `deprovisioning` or `password`.", Of: func(r *Record) any { return &r.Kind }},
	{Column: "operation", Few: true, Doc: "Add, Create, Modify, Delete, Disable, Enable, Unlock, Lock, Remove, Set, ChangePassword, or the vendor's word.", Of: func(r *Record) any { return &r.Operation }},
	{Column: "cause", Few: true, Doc: "What the action was: Access Request, Certification, Attribute Sync, Identity Refresh, Lifecycle Change, Password Request, or the vendor's word.", Of: func(r *Record) any { return &r.Cause }},
	{Column: "source_id", Few: true, Doc: "Target application's id (the vendor sometimes writes a name here).", Of: func(r *Record) any { return &r.SourceID }},
	{Column: "source_name", Few: true, Doc: "Target application's name.", Of: func(r *Record) any { return &r.SourceName }},
	{Column: "account_id", Doc: "Account on the source (native identity).", Of: func(r *Record) any { return &r.AccountID }},
	{Column: "account_level", Doc: "The observation names an account and no attribute, and speaks of every finer activity it covers.", Of: func(r *Record) any { return &r.AccountLevel }},
	{Column: "attribute_name", Few: true, Doc: "Attribute changed; empty for a change of the account itself.", Of: func(r *Record) any { return &r.AttributeName }},
	{Column: "attribute_value", Doc: "Value given or taken; values of secret attributes are redacted.", Of: func(r *Record) any { return &r.AttributeValue }},
	{Column: "identity_id", Doc: "Person whose access changes.", Of: func(r *Record) any { return &r.IdentityID }},
	{Column: "identity_name", Doc: "Name of that person.", Of: func(r *Record) any { return &r.IdentityName }},
	{Column: "requester_id", Doc: "Who asked.", Of: func(r *Record) any { return &r.RequesterID }},
	{Column: "requester_name", Doc: "Name of who asked.", Of: func(r *Record) any { return &r.RequesterName }},
	{Column: "approver_name", Doc: "Who approved, or whose approval it waits for.", Of: func(r *Record) any { return &r.ApproverName }},
	{Column: "approval_status", Few: true, Doc: "The vendor's word for the approval.", Of: func(r *Record) any { return &r.ApprovalStatus }},
	{Column: "error_message", Doc: "Error of the current state; the history keeps earlier ones.", Of: func(r *Record) any { return &r.ErrorMessage }},
	{Column: "failed_on", Few: true, Derived: true, Doc: "Side on which a password change failed: `none`, `identitynow`, `source`, `both`; empty for other kinds.", Of: func(r *Record) any { return &r.FailedOn }},
	{Column: "failed_side", Few: true, Doc: "Side a password observation speaks of: `identitynow` or `source`; empty for other kinds.", Of: func(r *Record) any { return &r.Side }},
	{Column: "ticket_id", Doc: "Service desk ticket.", Of: func(r *Record) any { return &r.TicketID }},
	{Column: "vendor_id", Doc: "The vendor's id of the document.", Of: func(r *Record) any { return &r.VendorID }},
	{Column: "item_id", Doc: "The vendor's id of the account activity item.", Of: func(r *Record) any { return &r.ItemID }},
	{Column: "attempts", Derived: true, Doc: "1 + the number of steps into Retrying.", Of: func(r *Record) any { return &r.Attempts }},
	{Column: "stalled", Derived: true, Doc: "Pending or Retrying for longer than the source's threshold.", Of: func(r *Record) any { return &r.Stalled }},
	{Column: "overdue", Derived: true, Doc: "Committed and not verified for longer than the source's threshold.", Of: func(r *Record) any { return &r.Overdue }},
	{Column: "requested_at", Doc: "When the change was asked for.", Of: func(r *Record) any { return &r.RequestedAt }},
	{Column: "occurred_at", Doc: "The vendor's time; absent where the vendor gives none.", Of: func(r *Record) any { return &r.OccurredAt }},
	{Column: "observed_at", Doc: "When the observation was first received.", Of: func(r *Record) any { return &r.ObservedAt }},
	{Column: "status_since", Derived: true, Doc: "When the activity entered its status.", Of: func(r *Record) any { return &r.StatusSince }},
	{Column: "first_pending_at", Derived: true, Doc: "First Pending.", Of: func(r *Record) any { return &r.FirstPendingAt }},
	{Column: "committed_at", Derived: true, Doc: "First Committed.", Of: func(r *Record) any { return &r.CommittedAt }},
	{Column: "finished_at", Derived: true, Doc: "First Success.", Of: func(r *Record) any { return &r.FinishedAt }},
	{Column: "first_failed_at", Derived: true, Doc: "First Failed.", Of: func(r *Record) any { return &r.FirstFailedAt }},
	{Column: "failed_at", Derived: true, Doc: "Last Failed.", Of: func(r *Record) any { return &r.FailedAt }},
	{Column: "pending_ms", Derived: true, Doc: "Milliseconds spent in Pending, once left.", Of: func(r *Record) any { return &r.PendingMS }},
	{Column: "retrying_ms", Derived: true, Doc: "Milliseconds spent in Retrying, once left.", Of: func(r *Record) any { return &r.RetryingMS }},
	{Column: "committed_ms", Derived: true, Doc: "Milliseconds spent in Committed, once left.", Of: func(r *Record) any { return &r.CommittedMS }},
	{Column: "failed_ms", Derived: true, Doc: "Milliseconds spent in Failed, once left.", Of: func(r *Record) any { return &r.FailedMS }},
	{Column: "state_seq", Derived: true, Doc: "Number of distinct observations folded into the activity up to this record.", Of: func(r *Record) any { return &r.StateSeq }},
	{Column: "version", Derived: true, Doc: "Orders the states of one activity: 2 x changes of its group's set of observations, + 1 when flagged by a timer; the upper 32 bits count interruptions (crashes, failures; where several collectors share the groups, they start at the seconds since 2025), so that what is told after one supersedes what was told before.", Of: func(r *Record) any { return &r.Version }},
	{Column: "current", Derived: true, Doc: "The record is its activity's newest state.", Of: func(r *Record) any { return &r.Current }},
	{Column: "folded_into", Derived: true, Doc: "The activity no longer stands: this finer activity took it in.", Of: func(r *Record) any { return &r.FoldedInto }},
	{Column: "said", Derived: true, Doc: "A JSON object of the columns in which the observation itself says something else than its record, which has its activity's words; with it the observation can be restored. Times in it are in nanoseconds. Empty where there is no difference, and on state records.", Of: func(r *Record) any { return &r.Said }},
	{Column: "original", Doc: "The vendor's verbatim JSON, secrets redacted; empty on state records.", Of: func(r *Record) any { return &r.Original }},
})
