package truth

import (
	"cmp"
	"slices"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// report is what one document reports of one account request.
type report struct {
	at     int64 // vendor's time; 0 where the document has none
	status model.State
	scope  model.Operation // of the account as a whole; empty: of each attribute by name
	side   bool            // the identity system's own side of a password change, not the source's

	category errorclass.Category // of the errors that the document gives
	approval provisioning.Approval
	shown    shown
}

// shown is which of a group's details a document has.
type shown uint8

const (
	showsRequest  shown = 1 << iota // what was asked for, by whom and why, until when
	showsApproval                   // the approver
	showsComment                    // the approver's
	showsWarnings
	showsClosing // the warning that an administrator closed the request
	showsTicket
)

// changePassword is the scope of a report about a password.
const changePassword model.Operation = "ChangePassword"

// covers reports whether a report about an account speaks of one of its changes.
func covers(scope, change model.Operation, password bool) bool {
	switch scope {
	case "", change:
		return true
	case changePassword:
		return password
	case model.Modify:
		return change == model.Add || change == model.Remove || change == model.Set
	case model.Create:
		return change == model.Add || change == model.Set
	case model.Delete:
		return change == model.Remove
	default:
		return false
	}
}

// result is what a list of reports amounts to.
type result struct {
	status   model.State
	attempts int
	approval provisioning.Approval
	shown    shown
	// errors are the categories of the newest errors: several where documents of one time
	// give different ones.
	errors []errorclass.Category

	firstPending, firstRetrying, firstNotVerifiable, committed, finished, firstFailed, lastFailed int64   // 0: no report with a vendor's time
	untimed                                                                                       bool    // a report without a time took part
	failedOn                                                                                      [2]bool // the last word of the source, of the identity system
}

// settle accounts for reports: in the order of the vendor's times, those without
// a time last.
func settle(reports []report) result {
	slices.SortFunc(reports, func(a, b report) int {
		// As unsigned, what has no time is after all that has one.
		return cmp.Or(cmp.Compare(uint64(a.at-1), uint64(b.at-1)), cmp.Compare(a.status, b.status))
	})
	o := result{attempts: 1}
	for i, r := range reports {
		o.errorsOf(reports[:i], r)
		o.shown |= r.shown
		o.approval = cmp.Or(r.approval, o.approval)
		if o.approval.Declined() && (r.status == model.Pending || r.status == model.Retrying) {
			r.status = model.Failed
		}
		if i == 0 {
			o.status = r.status
		}
		was := o.status
		if i > 0 {
			o.status = after(was, r)
		} else if r.status == model.Retrying {
			o.attempts++
		}
		if i > 0 && o.status == model.Retrying && was != model.Retrying {
			o.attempts++
		}
		if o.status == model.Committed || o.status == model.Success {
			o.errors = nil
		}
		o.sides(r)
		if r.at == 0 {
			o.untimed = true
			continue
		}
		if o.status == r.status || o.status != was {
			o.mark(r.at)
		}
	}
	return o
}

// errorsOf keeps the errors of a report that follows others.
func (o *result) errorsOf(earlier []report, r report) {
	if r.category == "" {
		return
	}
	tied := func(e report) bool { return e.category != "" && e.at == r.at && e.status == r.status }
	if !slices.ContainsFunc(earlier, tied) {
		o.errors = nil
	}
	if !slices.Contains(o.errors, r.category) {
		o.errors = append(o.errors, r.category)
	}
}

func after(was model.State, r report) model.State {
	done := was == model.Committed || was == model.NotVerifiable || was == model.Success
	switch {
	case r.at == 0 && done && (r.status == model.Pending || r.status == model.Failed):
		return was
	case r.status == model.Pending && (was == model.Failed || was == model.Retrying):
		return model.Retrying
	case r.status == model.Pending && done:
		return was
	case r.status == model.Committed && (was == model.Success || was == model.NotVerifiable):
		return was
	default:
		return r.status
	}
}

// sides keeps the last word of each side of a password change. A failure without
// a time is no news of what is done.
func (o *result) sides(r report) {
	i := 0
	if r.side {
		i = 1
	}
	switch r.status {
	case model.Failed:
		o.failedOn[i] = o.failedOn[i] || r.at != 0 || o.status == model.Failed
	case model.Committed, model.Success:
		o.failedOn[i] = false
	default:
	}
}

func (o *result) mark(at int64) {
	first := func(t *int64) {
		if *t == 0 {
			*t = at
		}
	}
	switch o.status {
	case model.Pending:
		first(&o.firstPending)
	case model.Retrying:
		first(&o.firstRetrying)
	case model.NotVerifiable:
		first(&o.firstNotVerifiable)
	case model.Committed:
		first(&o.committed)
	case model.Success:
		first(&o.finished)
	case model.Failed:
		first(&o.firstFailed)
		o.lastFailed = at
	default:
	}
}
