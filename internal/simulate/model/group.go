package model

import (
	"slices"
	"sort"
	"time"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// State is what is true of a change at some time, reported or not.
type State uint8

const (
	Pending State = iota
	Retrying
	Committed
	Failed
	NotVerifiable
	Success
)

// Final reports whether nothing further is expected of the source.
func (s State) Final() bool { return s == Failed || s == NotVerifiable || s == Success }

// Operation is what is done to an account, or to one of its attributes.
type Operation string

const (
	Create  Operation = "Create"
	Modify  Operation = "Modify"
	Delete  Operation = "Delete"
	Disable Operation = "Disable"
	Enable  Operation = "Enable"
	Unlock  Operation = "Unlock"
	Add     Operation = "Add"
	Remove  Operation = "Remove"
	Set     Operation = "Set"
)

// Cause is why a group came to be, in the words of each of the vendor's feeds.
type Cause struct {
	Name     string // the word of people
	RESTType string // type of the account activity
	Action   string // action of the search document, interface of events
	Trigger  string // action of the trigger; empty: the trigger is not fired
}

// Decision is the state of an approval.
type Decision string

const (
	Undecided Decision = "PENDING"
	Approved  Decision = "FINISHED"
	Rejected  Decision = "REJECTED"
	Returned  Decision = "RETURNED" // the approver hands it back undecided
	Expired   Decision = "EXPIRED"
	Canceled  Decision = "CANCELED"
)

// Approval is one person's decision about a request.
type Approval struct {
	Approver *Identity
	Outcome  Decision
	At       int64 // when decided; far in the future while undecided
	Comment  string
}

// Declined reports whether the change is not made for want of an approval.
func (a *Approval) Declined() bool {
	return a != nil && a.Outcome != Undecided && a.Outcome != Approved
}

// Phase is a stretch of a change's life, from At until the next phase.
type Phase struct {
	State State
	At    int64
	Error string
	// Category is the kind of the error.
	Category errorclass.Category
	// AsPending is set where the vendor calls a retry PENDING again.
	AsPending bool
}

// Attribute is one change inside an account request: one item of the activity.
type Attribute struct {
	ItemID     string
	Operation  Operation
	Name       string // empty: the account itself is what changes
	Value      string
	ObjectID   string // of the requested access, if any
	ObjectName string
	ObjectType string
}

// Request is what is asked of one account on one source. All its attributes
// share its life, as the connector gets them in one plan.
type Request struct {
	Source    *Source
	Account   string
	Owner     *Identity // of the account
	UUID      string
	Operation Operation
	Items     []Attribute
	TicketID  string
	Life      []Phase
	// Sent is when the request was handed to the source; 0 if it never was,
	// because nobody approved it.
	Sent int64
}

// Group is everything that results from one action: the vendor's account activity.
type Group struct {
	ID         string // tracking number
	DocumentID string // id of its document in the search index
	Created    int64
	Cause      *Cause
	Requester  *Identity
	Recipient  *Identity
	Approval   *Approval
	Requests   []Request
	Warnings   []string
	Comment    string // of the requester
	Metadata   map[string]string
	RemoveAt   int64 // when the access ends again; 0: never
	// Closed is when an administrator closed the request, which was stuck; 0: never.
	Closed   int64
	Password bool
	Side     *Phase // what the identity system itself reported of a password change, if anything
	Seed     uint64 // seeds every later choice about its documents
}

// At returns the phase the request is in at the time.
func (r *Request) At(at int64) *Phase {
	i := sort.Search(len(r.Life), func(i int) bool { return r.Life[i].At > at })
	return &r.Life[max(i-1, 0)]
}

// Started reports whether the request was handed to the source by the time.
func (r *Request) Started(at int64) bool { return r.Sent != 0 && r.Sent <= at }

// Changes lists when anything about the group changed, in order, without repeats.
func (g *Group) Changes() []int64 {
	at := []int64{g.Created}
	if g.Approval != nil && g.Approval.Outcome != Undecided {
		at = append(at, g.Approval.At)
	}
	for i := range g.Requests {
		for _, p := range g.Requests[i].Life {
			at = append(at, p.At)
		}
	}
	if g.Closed != 0 {
		at = append(at, g.Closed)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// Modified is when the group last changed, as known at the time.
func (g *Group) Modified(at int64) int64 {
	last := g.Created
	if a := g.Approval; a != nil && a.At <= at {
		last = max(last, a.At)
	}
	for i := range g.Requests {
		if r := &g.Requests[i]; r.Life[0].At <= at {
			last = max(last, r.At(at).At)
		}
	}
	if g.ClosedBy(at) {
		last = max(last, g.Closed)
	}
	return last
}

// ClosedBy reports whether an administrator had closed the request by the time.
func (g *Group) ClosedBy(at int64) bool { return g.Closed != 0 && g.Closed <= at }

// closedByAdmin is the vendor's default text (developer.sailpoint.com, "Close Access Request").
const closedByAdmin = "The IdentityNow Administrator manually closed this request."

// WarningsAt is what the documents warn of at the time.
func (g *Group) WarningsAt(at int64) []string {
	if g.ClosedBy(at) {
		return append(slices.Clone(g.Warnings), closedByAdmin)
	}
	return g.Warnings
}

// Declined reports whether nothing will come of the group, because somebody decided so.
func (g *Group) Declined() bool { return g.Closed != 0 || g.Approval.Declined() }

// Decided returns the approval's state at the time.
func (a *Approval) Decided(at int64) Decision {
	if at < a.At {
		return Undecided
	}
	return a.Outcome
}

// Provisioned is when every request had its answer, verified or not, or was closed: the
// time of the vendor's Provisioning Completed trigger. false if that never happens.
func (g *Group) Provisioned() (at int64, ok bool) {
	if g.Closed != 0 {
		return g.Closed, true
	}
	for i := range g.Requests {
		r := &g.Requests[i]
		answer := r.answer()
		if answer == nil {
			return 0, false
		}
		at = max(at, answer.At)
	}
	return at, len(g.Requests) > 0
}

// answer is the phase in which the source gave its last answer: performed, failed
// for good, or put into a person's hands.
func (r *Request) answer() *Phase {
	if r.Sent == 0 {
		return nil
	}
	last := &r.Life[len(r.Life)-1]
	for i := range r.Life {
		if r.Life[i].State == Committed {
			return &r.Life[i]
		}
	}
	switch {
	case last.State.Final():
		return last
	case r.TicketID != "" && len(r.Life) == 1:
		return &r.Life[0]
	default:
		return nil
	}
}

// Time converts milliseconds.
func Time(at int64) time.Time { return time.UnixMilli(at).UTC() }
