package provisioning

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Activity is one change to one account on one source, as its observations report
// it: the row of the Activities page. Descriptive fields hold the last value that is not
// empty, in the order of the history.
type Activity struct {
	ID  ID
	Key ActivityKey

	SourceID       string
	SourceName     string
	AccountID      string
	Kind           Kind
	Cause          string
	RawCause       string
	ItemID         string
	IdentityID     string
	IdentityName   string
	RequesterID    string
	RequesterName  string
	ApproverName   string
	ApprovalStatus Approval
	RawApproval    string
	TicketID       string
	ErrorMessage   string // of the current state; the history keeps the others
	Warnings       string

	RequestedItemName string
	RequestedItemType string
	RequesterComment  string
	ReviewerComment   string
	ClientMetadata    string

	Status         Status
	Outcome        Outcome // why it is Failed
	PreviousStatus Status  // before the newest step
	Odd            bool    // the newest step contradicts what was known
	Attempts       int     // 1 + steps into Retrying
	FailedOn       FailedOn
	StateSeq       int // number of observations folded

	RequestedAt          pcommon.Timestamp
	RemoveAt             pcommon.Timestamp
	StatusSince          pcommon.Timestamp // when the current status was entered
	FirstPendingAt       pcommon.Timestamp
	FirstRetryingAt      pcommon.Timestamp
	FirstNotVerifiableAt pcommon.Timestamp
	CommittedAt          pcommon.Timestamp // first
	FinishedAt           pcommon.Timestamp // first Success
	FirstFailedAt        pcommon.Timestamp
	FailedAt             pcommon.Timestamp // last
	FirstAt              pcommon.Timestamp // first observation
	// LastAt is the newest observation that has a vendor's time or changed the status. One
	// without both, such as a document that is sent again, shows nothing new.
	LastAt pcommon.Timestamp

	// TimeIn is how long the activity was in each status it has left.
	TimeIn [StatusCount]time.Duration

	// History is every observation folded, in order.
	History []Step

	failedSides [2]bool // identitynow, source: what each side reported last
	known       *known
}

// Step is what one observation did to an activity.
type Step struct {
	*Observation
	Previous Status
	Status   Status
	Odd      bool
}

// fold steps through a sorted history.
func fold(id ID, key ActivityKey, history []*Observation, k *known) Activity {
	a := Activity{ID: id, Key: key, Attempts: 1, History: make([]Step, 0, len(history)), known: k}
	at := k.dated(history)
	for _, o := range history {
		a.step(o, at(o))
	}
	return a
}

// AsOf is the activity as it stood after the first n steps of its history.
func (a *Activity) AsOf(n int) Activity {
	if n == len(a.History) {
		return *a
	}
	history := make([]*Observation, n)
	for i, s := range a.History[:n] {
		history[i] = s.Observation
	}
	return fold(a.ID, a.Key, history, a.known)
}

func (a *Activity) step(o *Observation, at pcommon.Timestamp) {
	was := a.Status
	a.describe(o)
	reported := decided(o.ReportedStatus, a.ApprovalStatus)
	now, odd := was.Next(reported, o.OccurredAt != 0)

	if a.FirstAt == 0 {
		a.FirstAt = at
	}
	if now != was {
		if was != StatusUnset {
			a.TimeIn[was] += at.AsTime().Sub(a.StatusSince.AsTime())
		}
		a.StatusSince = at
		if now == StatusRetrying {
			a.Attempts++
		}
	}
	a.mark(now, reported, at)
	a.sides(o, odd)
	a.Outcome = outcomeOf(now, a.ApprovalStatus)
	switch {
	case now == StatusCommitted || now == StatusSuccess:
		a.ErrorMessage = ""
	case o.ErrorMessage != "":
		a.ErrorMessage = o.ErrorMessage
	}

	a.PreviousStatus, a.Status, a.Odd = was, now, odd
	if o.OccurredAt != 0 || now != was || a.LastAt == 0 {
		a.LastAt = at
	}
	a.StateSeq++
	a.History = append(a.History, Step{Observation: o, Previous: was, Status: now, Odd: odd})
}

// mark keeps the timeline: the first time each status was reached, and for
// failures the last one too.
func (a *Activity) mark(now, reported Status, at pcommon.Timestamp) {
	switch now {
	case StatusPending:
		first(&a.FirstPendingAt, at)
	case StatusRetrying:
		first(&a.FirstRetryingAt, at)
	case StatusCommitted:
		first(&a.CommittedAt, at)
	case StatusSuccess:
		first(&a.FinishedAt, at)
	case StatusNotVerifiable:
		first(&a.FirstNotVerifiableAt, at)
	case StatusFailed:
		first(&a.FirstFailedAt, at)
		if reported == StatusFailed {
			a.FailedAt = at
		}
	}
}

// sides keeps the last word of each side of a password change.
func (a *Activity) sides(o *Observation, odd bool) {
	side := 1
	if o.Side == FailedOnIdentityNow {
		side = 0
	}
	switch o.ReportedStatus {
	case StatusFailed:
		a.failedSides[side] = a.failedSides[side] || !odd || o.OccurredAt != 0
	case StatusCommitted, StatusSuccess:
		a.failedSides[side] = false
	}
	if a.Kind == KindPassword {
		switch a.failedSides {
		case [2]bool{true, true}:
			a.FailedOn = FailedOnBoth
		case [2]bool{true, false}:
			a.FailedOn = FailedOnIdentityNow
		case [2]bool{false, true}:
			a.FailedOn = FailedOnSource
		default:
			a.FailedOn = FailedOnNone
		}
	}
}

func (a *Activity) describe(o *Observation) {
	last(&a.SourceID, o.SourceID)
	last(&a.SourceName, o.SourceName)
	last(&a.AccountID, o.AccountID)
	last(&a.ItemID, o.ItemID)
	last(&a.Cause, o.Cause)
	last(&a.RawCause, o.RawCause)
	last(&a.IdentityID, o.IdentityID)
	last(&a.IdentityName, o.IdentityName)
	last(&a.RequesterID, o.RequesterID)
	last(&a.RequesterName, o.RequesterName)
	last(&a.ApproverName, o.ApproverName)
	last(&a.ApprovalStatus, o.ApprovalStatus)
	last(&a.RawApproval, o.RawApproval)
	last(&a.Warnings, o.Warnings)
	last(&a.RequestedItemName, o.RequestedItemName)
	last(&a.RequestedItemType, o.RequestedItemType)
	last(&a.RequesterComment, o.RequesterComment)
	last(&a.ReviewerComment, o.ReviewerComment)
	last(&a.ClientMetadata, o.ClientMetadata)
	if o.RemoveAt != 0 {
		a.RemoveAt = o.RemoveAt
	}
	last(&a.TicketID, o.TicketID)
	if o.RequestedAt != 0 && (a.RequestedAt == 0 || o.RequestedAt < a.RequestedAt) {
		a.RequestedAt = o.RequestedAt
	}
	a.Kind = KindOf(a.Key.Operation, a.Cause, a.Key.Attribute)
}

func last[T ~string](field *T, value T) {
	if value != "" {
		*field = value
	}
}

func first(field *pcommon.Timestamp, at pcommon.Timestamp) {
	if *field == 0 {
		*field = at
	}
}
