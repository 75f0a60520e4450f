package record

import (
	"encoding/binary"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Type is one of the two types of activity records.
type Type string

const (
	// TypeObservation is the one record of each distinct observation: the step
	// it made in its activity's history.
	TypeObservation Type = "observation"
	// TypeState is an activity's new state that no observation of its own made
	// the newest step of: a further activity of an account-level observation, a
	// late observation, a timer, an activity that folded into a finer one.
	TypeState Type = "state"
)

// Record is what a LogRecord with EventName EventActivity holds: an observation
// and the state of its activity after it. The receiver fills the observation
// only; the processor adds the rest.
type Record struct {
	provisioning.Observation // the first field: same reads by offset

	RecordType     Type
	Current        bool // the activity's newest state
	ActivityID     provisioning.ID
	Status         provisioning.Status
	Outcome        provisioning.Outcome
	PreviousStatus provisioning.Status
	Odd            bool
	Kind           provisioning.Kind
	FailedOn       provisioning.FailedOn
	Attempts       int64
	StateSeq       int64
	Version        uint64          // orders the states of one activity, see Version
	FoldedInto     provisioning.ID // set: the activity no longer stands, this one took it in

	// The kind of error of a failed, retrying or declined activity, see errorclass.
	ErrorCategory    string
	ErrorSignature   string
	ErrorFingerprint string

	GroupNumber int64
	GroupStatus provisioning.Status

	StatusSince          pcommon.Timestamp
	FirstPendingAt       pcommon.Timestamp
	FirstRetryingAt      pcommon.Timestamp
	FirstNotVerifiableAt pcommon.Timestamp
	CommittedAt          pcommon.Timestamp
	FinishedAt           pcommon.Timestamp
	FirstFailedAt        pcommon.Timestamp
	FailedAt             pcommon.Timestamp
	PendingMS            int64 // time in each status it has left
	RetryingMS           int64
	CommittedMS          int64
	FailedMS             int64

	// Withdrawn are the transitions that an earlier state of the activity had, see Withdraw.
	Withdrawn string
	// ReportedOverrides is what the observation itself reports where the record, which has the
	// activity's values, differs: see RestoreObservation.
	ReportedOverrides string
	// Reason is why a state was written again though nothing was observed.
	Reason string

	Stalled bool // Pending or Retrying for longer than its source's threshold
	Overdue bool // Committed, and not verified, for longer than the threshold
}

// Version orders the states of one activity wherever they are stored: it grows
// with the number of distinct observations of the group and, between two of
// them, when a timer flags the activity.
func Version(groupObservations int, flagged bool) uint64 {
	v := 2 * uint64(groupObservations)
	if flagged {
		v++
	}
	return v
}

// New describes an activity as of its newest step. The caller sets Current,
// Version, the group's number and status and the timers' flags.
func New(a *provisioning.Activity) (r Record) {
	r.Describe(a)
	return r
}

// Describe is New in a record that is zero.
func (r *Record) Describe(a *provisioning.Activity) {
	newest := a.History[len(a.History)-1].Observation
	r.Observation, r.RecordType = *newest, TypeObservation
	r.SourceID, r.SourceName, r.AccountID = a.SourceID, a.SourceName, a.AccountID
	r.AttributeName, r.AttributeValue, r.Operation = a.Key.Attribute, a.Key.Value, a.Key.Operation
	r.ItemID, r.Cause, r.RawCause, r.TicketID = a.ItemID, a.Cause, a.RawCause, a.TicketID
	r.IdentityID, r.IdentityName = a.IdentityID, a.IdentityName
	r.RequesterID, r.RequesterName = a.RequesterID, a.RequesterName
	r.ApproverName, r.ApprovalStatus, r.RawApproval = a.ApproverName, a.ApprovalStatus, a.RawApproval
	r.ErrorMessage, r.Warnings = a.ErrorMessage, a.Warnings
	r.RequestedItemName, r.RequestedItemType = a.RequestedItemName, a.RequestedItemType
	r.RequesterComment, r.ReviewerComment, r.ClientMetadata = a.RequesterComment, a.ReviewerComment, a.ClientMetadata
	r.RequestedAt, r.RemoveAt = a.RequestedAt, a.RemoveAt

	r.ActivityID, r.Kind, r.FailedOn = a.ID, a.Kind, a.FailedOn
	r.Outcome, r.PreviousStatus, r.Odd = a.Outcome, a.PreviousStatus, a.Odd
	r.Attempts, r.StateSeq = int64(a.Attempts), int64(a.StateSeq)
	r.DescribeTimes(a)
	r.PendingMS = a.TimeIn[provisioning.StatusPending].Milliseconds()
	r.RetryingMS = a.TimeIn[provisioning.StatusRetrying].Milliseconds()
	r.CommittedMS = a.TimeIn[provisioning.StatusCommitted].Milliseconds()
	r.FailedMS = a.TimeIn[provisioning.StatusFailed].Milliseconds()
	r.ReportedOverrides = overrides(newest, r)
}

// AsState turns the record into a state record of the given version. It is no
// observation, so it carries none's id and no verbatim JSON.
func (r *Record) AsState(version uint64) {
	r.RecordType, r.Version, r.Current = TypeState, version, true
	r.EventID = stateEventID(r.ActivityID, version)
	r.Original, r.ReportedOverrides, r.Withdrawn = "", "", ""
}

// stateEventID identifies a state record: a state of an activity that no observation
// of its own reported.
func stateEventID(activity provisioning.ID, version uint64) provisioning.ID {
	var v [8]byte
	binary.BigEndian.PutUint64(v[:], version)
	return provisioning.HashID("state", string(activity[:]), string(v[:]))
}
