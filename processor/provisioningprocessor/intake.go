package provisioningprocessor

import (
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// intake is a batch taken apart: its observations by group, and everything else
// already in its place in the batch to be sent on.
type intake struct {
	out        plog.Logs
	groups     []arrivals // in the order in which they came
	keys       []provisioning.ID
	index      map[provisioning.ID]int
	unreadable int
}

// arrivals are the observations of one group in one batch.
type arrivals struct {
	observations []provisioning.Observation
	records      []plog.LogRecord      // as they came, of each observation
	moved        []int                 // observations whose record was moved on
	first        plog.LogRecordSlice   // where the record of the first goes
	places       []plog.LogRecordSlice // of each, where they differ
}

// place is where the record of an observation goes.
func (a *arrivals) place(i int) plog.LogRecordSlice {
	if a.places == nil {
		return a.first
	}
	return a.places[i]
}

// take reads a batch. Records that are not ours are copied; those that are stay where
// they are until they are told.
func take(logs plog.Logs, now pcommon.Timestamp) *intake {
	count := logs.LogRecordCount()
	in := &intake{
		out: plog.NewLogs(), index: make(map[provisioning.ID]int, count),
		groups: make([]arrivals, 0, count), keys: make([]provisioning.ID, 0, count),
	}
	var r provisioning.Record
	for _, rl := range logs.ResourceLogs().All() {
		resource := in.out.ResourceLogs().AppendEmpty()
		rl.Resource().CopyTo(resource.Resource())
		resource.SetSchemaUrl(rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			scope := resource.ScopeLogs().AppendEmpty()
			sl.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(sl.SchemaUrl())
			for _, lr := range sl.LogRecords().All() {
				in.record(lr, &r, scope.LogRecords(), now)
			}
		}
	}
	return in
}

func (in *intake) record(lr plog.LogRecord, r *provisioning.Record, to plog.LogRecordSlice, now pcommon.Timestamp) {
	err := provisioning.Read(lr, r)
	switch {
	case errors.Is(err, provisioning.ErrNotActivity), err == nil && r.Sort != "":
		// Not ours, or folded already by a collector before this one.
		lr.CopyTo(to.AppendEmpty())
	case err != nil:
		in.unreadable++
		quarantine(lr, err, to.AppendEmpty(), now)
	default:
		// The stores keep microseconds: what is read back must be what was folded.
		if cut := r.ObservedAt % 1000; cut < r.ObservedAt {
			r.ObservedAt -= cut
		}
		in.add(&r.Observation, lr, to)
	}
}

func (in *intake) add(o *provisioning.Observation, lr plog.LogRecord, to plog.LogRecordSlice) {
	key := provisioning.ID(provisioning.TraceID(o.Tenant, o.GroupID))
	i, ok := in.index[key]
	if !ok {
		i = len(in.groups)
		in.index[key] = i
		in.keys = append(in.keys, key)
		in.groups = append(in.groups, arrivals{first: to})
	}
	g := &in.groups[i]
	if to != g.first && g.places == nil {
		g.places = slices.Repeat([]plog.LogRecordSlice{g.first}, len(g.observations))
	}
	if g.places != nil {
		g.places = append(g.places, to)
	}
	g.observations = append(g.observations, *o)
	g.records = append(g.records, lr)
}

// tell sends an observation's record on, with what the fold adds to it: the record
// itself where it can be written again, a copy where others have written into it.
func (a *arrivals) tell(i int, r *provisioning.Record) {
	from, to := a.records[i], a.place(i).AppendEmpty()
	if provisioning.WrittenByUs(from) {
		from.MoveTo(to)
		a.moved = append(a.moved, i)
	} else {
		from.CopyTo(to)
	}
	to.SetObservedTimestamp(r.ObservedAt)
	provisioning.Enrich(to, &a.observations[i], r)
}

// restore gives the sender back what was moved on, so that it can send it again.
func (in *intake) restore() {
	for g := range in.groups {
		a := &in.groups[g]
		for _, i := range a.moved {
			provisioning.WriteObservation(&a.observations[i], a.records[i])
		}
		a.moved = nil
	}
}

// finish drops what stayed empty, so that a batch of duplicates sends nothing.
func (in *intake) finish() {
	in.out.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool { return sl.LogRecords().Len() == 0 })
		return rl.ScopeLogs().Len() == 0
	})
}

// quarantine keeps an activity record that cannot be read: it names itself one of
// ours, but somebody else wrote or changed it.
func quarantine(lr plog.LogRecord, why error, to plog.LogRecord, now pcommon.Timestamp) {
	text := func(name string) string {
		v, ok := lr.Attributes().Get(name)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	q := provisioning.Quarantined{
		Tenant: text("provisioning.tenant"), Feed: provisioning.Feed(text("provisioning.feed")),
		Reason: fmt.Sprintf("the provisioning processor cannot read this record: %v", why),
		File:   text(provisioning.AttributeFilePath), ObservedAt: lr.ObservedTimestamp(),
		Original: text(provisioning.AttributeOriginal),
	}
	if q.ObservedAt == 0 {
		q.ObservedAt = now
	}
	if q.Original == "" {
		attributes := pcommon.NewValueMap()
		lr.Attributes().CopyTo(attributes.Map())
		q.Original = attributes.AsString()
	}
	q.Size = int64(len(q.Original))
	provisioning.WriteQuarantined(&q, to)
}
