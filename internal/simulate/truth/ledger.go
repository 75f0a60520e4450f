package truth

import (
	"slices"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// Ledger notes which documents about one group were written.
type Ledger struct {
	tenant  string
	group   *model.Group
	reports [][]report // per account request
	sides   []report   // about no account in particular: the identity system's side of a password change
	// joined is set once a document gave the identity system's own source both
	// its name and its id; the REST API gives only the name.
	joined bool
}

// NewLedger opens the ledger of a group.
func NewLedger(tenant string, g *model.Group) *Ledger {
	return &Ledger{tenant: tenant, group: g, reports: make([][]report, len(g.Requests))}
}

// REST notes that the account activity was written as read at the time.
func (l *Ledger) REST(at int64) {
	modified := l.group.Modified(at)
	for i := range l.group.Requests {
		l.note(i, report{at: modified, says: said(l.group.Requests[i].At(at))})
	}
}

// Search notes that the search document was written as synchronised at the time.
func (l *Ledger) Search(at int64) {
	modified := l.group.Modified(at)
	anyStarted := slices.ContainsFunc(l.group.Requests, func(r model.Request) bool { return r.Started(at) })
	for i := range l.group.Requests {
		r := &l.group.Requests[i]
		if anyStarted && !r.Started(at) {
			continue
		}
		if !anyStarted { // the document has what was asked for, and no instructions yet
			l.note(i, report{at: modified, says: model.Pending})
			l.join(r)
			continue
		}
		says := said(r.At(at))
		if says == model.Success {
			says = model.Committed // the index does not tell them apart
		}
		l.note(i, report{at: modified, says: says})
		l.join(r)
	}
}

// Event notes that the event of a happening was written.
func (l *Ledger) Event(h *view.Happening) {
	if h.Request == nil {
		l.sides = append(l.sides, report{at: h.Phase.At, says: h.Phase.State, scope: changePassword, side: true})
		return
	}
	scope := h.Operation
	if h.Password {
		scope = changePassword
	}
	for i := range l.group.Requests {
		if r := &l.group.Requests[i]; r == h.Request {
			l.note(i, report{at: h.Phase.At, says: h.Phase.State, scope: scope})
			l.join(r)
		}
	}
}

// Trigger notes that the trigger was written as fired at the time.
func (l *Ledger) Trigger(at int64) {
	for i := range l.group.Requests {
		r := &l.group.Requests[i]
		rep := report{says: triggered(r.At(at).State)}
		if !view.NamesAttributes(l.group) || r.Items[0].Name == "" {
			rep.scope = r.Operation
		}
		l.note(i, rep)
		l.join(r)
	}
}

func (l *Ledger) note(request int, r report) {
	if !slices.Contains(l.reports[request], r) {
		l.reports[request] = append(l.reports[request], r)
	}
}

func (l *Ledger) join(r *model.Request) {
	if r.Source.IdentityNow() {
		l.joined = true
	}
}

// said is the state a phase is reported as: some retries are called pending.
func said(p *model.Phase) model.State {
	if p.AsPending {
		return model.Pending
	}
	return p.State
}

func triggered(s model.State) model.State {
	switch s {
	case model.Failed:
		return model.Failed
	case model.Pending, model.Retrying:
		return model.Pending
	default:
		return model.Committed
	}
}

// Group returns the group the ledger is about.
func (l *Ledger) Group() *model.Group { return l.group }
