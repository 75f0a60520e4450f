package truth

import (
	"slices"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// Ledger records which documents about one group were written.
type Ledger struct {
	tenant  string
	names   Names
	group   *model.Group
	reports [][]report // per account request
	sides   []report   // about no account in particular: the identity system's side of a password change
	// joined is set once a document gave the identity system's own source both
	// its name and its id; the REST API gives only the name.
	joined bool
}

// NewLedger opens the ledger of a group; all ledgers of a tenant share the names.
func NewLedger(tenant string, names Names, g *model.Group) *Ledger {
	return &Ledger{tenant: tenant, names: names, group: g, reports: make([][]report, len(g.Requests))}
}

// REST records that the account activity was written as read at the time.
func (l *Ledger) REST(at int64) {
	rep := l.approved(at)
	rep.shown |= showsRequest
	for i := range l.group.Requests {
		rep.status = reported(l.group.Requests[i].At(at))
		rep.category = l.category(rep.status, at)
		l.add(i, rep)
	}
}

// Search records that the search document was written as synchronised at the time.
func (l *Ledger) Search(at int64) {
	rep := l.approved(at)
	anyStarted := slices.ContainsFunc(l.group.Requests, func(r model.Request) bool { return r.Started(at) })
	for i := range l.group.Requests {
		r := &l.group.Requests[i]
		if anyStarted && !r.Started(at) {
			continue
		}
		rep := rep
		if anyStarted { // before, the document has what was asked for, and no instructions
			rep.shown |= showsTicket
			phase := r.At(at)
			if rep.status = reported(phase); rep.status == model.Success {
				rep.status = model.Committed // the index has one word for both
			}
			if rep.category = phase.Category; rep.category == "" {
				rep.category = l.category(rep.status, at)
			}
		}
		l.add(i, rep)
		l.join(r)
	}
}

// Event records that the event of a happening was written.
func (l *Ledger) Event(h *view.Happening) {
	if h.Request == nil {
		l.sides = append(l.sides, report{at: h.Phase.At, status: h.Phase.State, scope: changePassword, side: true, category: h.Phase.Category})
		return
	}
	scope := h.Operation
	if h.Password {
		scope = changePassword
	}
	for i := range l.group.Requests {
		if r := &l.group.Requests[i]; r == h.Request {
			l.add(i, report{at: h.Phase.At, status: h.Phase.State, scope: scope, category: h.Phase.Category})
			l.join(r)
		}
	}
}

// Enveloped records that the trigger was written, as fired at the time, in an envelope
// with a time of whole seconds.
func (l *Ledger) Enveloped(at int64) { l.trigger(at, at-at%1000) }

// Trigger records that the trigger was written as fired at the time; the document has no
// time itself.
func (l *Ledger) Trigger(at int64) { l.trigger(at, 0) }

func (l *Ledger) trigger(at, stated int64) {
	for i := range l.group.Requests {
		r := &l.group.Requests[i]
		rep := l.warned(report{at: stated, status: triggered[r.At(at).State], shown: showsTicket}, at)
		rep.category = l.category(rep.status, at)
		switch {
		case view.NamesAttributes(l.group) && r.Items[0].Name != "":
		case l.group.Password:
			rep.scope = changePassword
		default:
			rep.scope = r.Operation
		}
		l.add(i, rep)
		l.join(r)
	}
}

var approvals = map[model.Decision]provisioning.Approval{
	model.Undecided: provisioning.ApprovalPending, model.Approved: provisioning.ApprovalApproved,
	model.Rejected: provisioning.ApprovalRejected, model.Returned: provisioning.ApprovalReturned,
	model.Expired: provisioning.ApprovalExpired, model.Canceled: provisioning.ApprovalCanceled,
}

// approved begins a report of a document that has the group's approval as of a time.
func (l *Ledger) approved(at int64) report {
	rep := report{at: l.group.Modified(at)}
	if a := l.group.Approval; a != nil {
		rep.approval, rep.shown = approvals[a.Decided(at)], showsApproval
		if a.At <= at {
			rep.shown |= showsComment
		}
	}
	return l.warned(rep, at)
}

// warned adds what the warnings as of a time tell.
func (l *Ledger) warned(rep report, at int64) report {
	rep.shown |= showsWarnings
	if l.group.ClosedBy(at) {
		rep.shown |= showsClosing
		if !rep.approval.Declined() {
			rep.approval = provisioning.ApprovalCanceled
		}
	}
	return rep
}

// category is that of all errors of the group until a time, which the document gives for
// each request that failed.
func (l *Ledger) category(reported model.State, at int64) errorclass.Category {
	if reported != model.Failed && reported != model.Retrying {
		return ""
	}
	seen := map[errorclass.Category]bool{}
	for i := range l.group.Requests {
		for _, p := range l.group.Requests[i].Life {
			seen[p.Category] = p.Category != "" && p.At <= at || seen[p.Category]
		}
	}
	for _, info := range errorclass.Categories { // in the order of headlines
		if seen[info.Category] {
			return info.Category
		}
	}
	return ""
}

func (l *Ledger) add(request int, r report) {
	if !slices.Contains(l.reports[request], r) {
		l.reports[request] = append(l.reports[request], r)
	}
}

// join records that a document gave both the id and the name of a request's source.
func (l *Ledger) join(r *model.Request) {
	l.names.learn(r.Source)
	if r.Source.IdentityNow() {
		l.joined = true
	}
}

// reported is the state a phase is reported as: some retries are called pending.
func reported(p *model.Phase) model.State {
	if p.AsPending {
		return model.Pending
	}
	return p.State
}

var triggered = [...]model.State{
	model.Pending: model.Pending, model.Retrying: model.Pending, model.Committed: model.Committed,
	model.Failed: model.Failed, model.NotVerifiable: model.Committed, model.Success: model.Committed,
}

// Group returns the group the ledger is about.
func (l *Ledger) Group() *model.Group { return l.group }
