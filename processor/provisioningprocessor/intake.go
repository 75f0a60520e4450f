package provisioningprocessor

import (
	"cmp"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// intake is a batch taken apart: its observations by group, and everything else
// already in its place in the batch to be sent on.
type intake struct {
	out          plog.Logs
	observations []provisioning.Observation // in the order in which they came
	records      []plog.LogRecord           // as they came, of each observation
	places       []plog.LogRecordSlice      // where the record of each goes
	groups       []arrivals                 // in the order in which the first of each came
	keys         []provisioning.ID
	unreadable   int
}

// arrivals are the observations of one group in one batch.
type arrivals struct {
	in           *intake
	which        []int // of the intake's observations
	observations []*provisioning.Observation
}

// split reads a batch. Records that are not ours are copied; those that are stay where
// they are until they are emitted.
func split(logs plog.Logs, now pcommon.Timestamp) *intake {
	count := logs.LogRecordCount()
	in := &intake{
		out:          plog.NewLogs(),
		observations: make([]provisioning.Observation, 0, count),
		records:      make([]plog.LogRecord, 0, count),
		places:       make([]plog.LogRecordSlice, 0, count),
	}
	var r record.Record
	for _, rl := range logs.ResourceLogs().All() {
		resource := in.out.ResourceLogs().AppendEmpty()
		rl.Resource().CopyTo(resource.Resource())
		resource.SetSchemaUrl(rl.SchemaUrl())
		for _, sl := range rl.ScopeLogs().All() {
			scope := resource.ScopeLogs().AppendEmpty()
			sl.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(sl.SchemaUrl())
			scope.LogRecords().EnsureCapacity(sl.LogRecords().Len())
			for _, lr := range sl.LogRecords().All() {
				in.record(lr, &r, scope.LogRecords(), now)
			}
		}
	}
	in.divide()
	return in
}

func (in *intake) record(lr plog.LogRecord, r *record.Record, to plog.LogRecordSlice, now pcommon.Timestamp) {
	err := record.Read(lr, r)
	switch {
	case errors.Is(err, record.ErrNotActivity), err == nil && r.RecordType != "":
		// Not ours, or correlated already by a collector before this one.
		lr.CopyTo(to.AppendEmpty())
	case err != nil:
		in.unreadable++
		q := record.Refuse(lr, fmt.Errorf("the provisioning processor cannot read it: %w", err))
		q.ObservedAt = cmp.Or(q.ObservedAt, now)
		record.WriteQuarantined(q, to.AppendEmpty())
	default:
		// The stores keep microseconds: what is read back must be what was correlated.
		if cut := r.ObservedAt % 1000; cut < r.ObservedAt {
			r.ObservedAt -= cut
		}
		in.observations = append(in.observations, r.Observation)
		in.records = append(in.records, lr)
		in.places = append(in.places, to)
	}
}

// divide finds the groups.
func (in *intake) divide() {
	index := map[provisioning.ID]int{}
	groupOf, sizes := make([]int, len(in.observations)), []int{}
	for i := range in.observations {
		o := &in.observations[i]
		if i > 0 { // a document's observations of one group stand together
			if before := &in.observations[i-1]; before.GroupID == o.GroupID && before.Tenant == o.Tenant {
				groupOf[i] = groupOf[i-1]
				sizes[groupOf[i]]++
				continue
			}
		}
		key := provisioning.ID(provisioning.TraceID(o.Tenant, o.GroupID))
		g, ok := index[key]
		if !ok {
			g = len(in.keys)
			index[key] = g
			in.keys, sizes = append(in.keys, key), append(sizes, 0)
		}
		groupOf[i] = g
		sizes[g]++
	}
	in.groups = make([]arrivals, len(sizes))
	which, observations := make([]int, len(groupOf)), make([]*provisioning.Observation, len(groupOf))
	from := 0
	for g, n := range sizes {
		in.groups[g] = arrivals{in: in, which: which[from : from : from+n], observations: observations[from : from : from+n]}
		from += n
	}
	for i, g := range groupOf {
		a := &in.groups[g]
		a.which, a.observations = append(a.which, i), append(a.observations, &in.observations[i])
	}
}

// place is where records about the group go.
func (a *arrivals) place() plog.LogRecordSlice { return a.in.places[a.which[0]] }

// emit sends an observation's record on, with what the correlator adds to it: the record
// itself where it can be written again, a copy where others have written into it.
func (a *arrivals) emit(i int, r *record.Record) {
	at := a.which[i]
	from, to := a.in.records[at], a.in.places[at].AppendEmpty()
	if record.WrittenByUs(from) {
		from.MoveTo(to)
	} else {
		from.CopyTo(to)
	}
	to.SetObservedTimestamp(r.ObservedAt)
	record.Enrich(to, a.observations[i], r)
}

// restore gives the sender back what was moved on, so that it can send it again. A record
// that was moved is empty.
func (in *intake) restore() {
	for i, lr := range in.records {
		if lr.EventName() == "" {
			record.WriteObservation(&in.observations[i], lr)
		}
	}
}

// finish drops what stayed empty, so that a batch of duplicates sends nothing.
func (in *intake) finish() {
	in.out.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool { return sl.LogRecords().Len() == 0 })
		return rl.ScopeLogs().Len() == 0
	})
}
