package truth

import (
	"slices"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
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
	modified := l.group.Modified(at)
	for i := range l.group.Requests {
		l.add(i, report{at: modified, status: reported(l.group.Requests[i].At(at))})
	}
}

// Search records that the search document was written as synchronised at the time.
func (l *Ledger) Search(at int64) {
	modified := l.group.Modified(at)
	anyStarted := slices.ContainsFunc(l.group.Requests, func(r model.Request) bool { return r.Started(at) })
	for i := range l.group.Requests {
		r := &l.group.Requests[i]
		if anyStarted && !r.Started(at) {
			continue
		}
		if !anyStarted { // the document has what was asked for, and no instructions yet
			l.add(i, report{at: modified, status: model.Pending})
			l.join(r)
			continue
		}
		status := reported(r.At(at))
		if status == model.Success {
			status = model.Committed // the index has one word for both
		}
		l.add(i, report{at: modified, status: status})
		l.join(r)
	}
}

// Event records that the event of a happening was written.
func (l *Ledger) Event(h *view.Happening) {
	if h.Request == nil {
		l.sides = append(l.sides, report{at: h.Phase.At, status: h.Phase.State, scope: changePassword, side: true})
		return
	}
	scope := h.Operation
	if h.Password {
		scope = changePassword
	}
	for i := range l.group.Requests {
		if r := &l.group.Requests[i]; r == h.Request {
			l.add(i, report{at: h.Phase.At, status: h.Phase.State, scope: scope})
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
		rep := report{at: stated, status: triggered(r.At(at).State)}
		if !view.NamesAttributes(l.group) || r.Items[0].Name == "" {
			rep.scope = r.Operation
		}
		l.add(i, rep)
		l.join(r)
	}
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
