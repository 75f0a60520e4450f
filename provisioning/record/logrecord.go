package record

import (
	"errors"
	"fmt"
	"math"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// ErrNotActivity is returned for a LogRecord of another EventName.
var ErrNotActivity = errors.New("not a " + EventActivity + " record")

// WriteObservation writes an observation as the receiver emits it.
func WriteObservation(o *provisioning.Observation, to plog.LogRecord) {
	w := writer{record: Record{Observation: *o}}
	w.observation(to)
}

// WriteObservations appends observations to records, as WriteObservation writes each.
func WriteObservations(observations []provisioning.Observation, to plog.LogRecordSlice) {
	to.EnsureCapacity(to.Len() + len(observations))
	var w writer
	for i := range observations {
		w.record.Observation = observations[i]
		w.observation(to.AppendEmpty())
	}
}

// writer writes one record after another. Neighbours often are of the same group.
type writer struct {
	record        Record
	tenant, group string
	trace         pcommon.TraceID
}

func (w *writer) observation(to plog.LogRecord) {
	w.write(to, w.record.ReportedStatus, observedAttributes)
}

// WriteRecord writes an enriched record as the processor emits it.
func WriteRecord(r *Record, to plog.LogRecord) {
	w := writer{record: *r}
	w.write(to, r.Status, observedAttributes+derivedAttributes)
}

// Typical numbers of attributes, so that memory is allocated once.
const (
	observedAttributes = 28
	derivedAttributes  = 20
	otherAttributes    = 17
)

func (w *writer) write(to plog.LogRecord, status provisioning.Status, typical int) {
	r := &w.record
	Activities.write(r, to, typical)
	if w.group != r.GroupID || w.tenant != r.Tenant || w.trace.IsEmpty() {
		w.tenant, w.group, w.trace = r.Tenant, r.GroupID, provisioning.TraceID(r.Tenant, r.GroupID)
	}
	to.SetTraceID(w.trace)
	setSeverity(to, status, r.Stalled || r.Overdue)
	to.Body().SetStr(line(r, status))
}

// Enrich turns the record of an observation, as WriteObservation made it, into what
// WriteRecord would write for r, the record of that observation. Attributes of other
// makers stay. What is the same already is moved, not written again.
func Enrich(lr plog.LogRecord, o *provisioning.Observation, r *Record) {
	flagged := r.Stalled || r.Overdue
	setSeverity(lr, r.Status, flagged)
	changed := flagged || r.Status != o.ReportedStatus
	var attributes xpdata.MapBuilder
	attributes.EnsureCapacity(lr.Attributes().Len() + derivedAttributes)
	next := 0 // fields before it are done
	upTo := func(end int) {
		for ; next < end; next++ {
			f := &Activities.Fields[next]
			if f.builtin != builtinNone {
				continue
			}
			changed = changed || !f.Derived && !same(f, o, r)
			f.put(r, &attributes)
		}
	}
	for name, value := range lr.Attributes().All() {
		i := Activities.Find(name, next)
		if i < 0 {
			value.MoveTo(attributes.AppendEmpty(name))
			continue
		}
		if i < next {
			continue // out of order: written already
		}
		upTo(i)
		if f := &Activities.Fields[i]; !f.Derived && same(f, o, r) {
			value.MoveTo(attributes.AppendEmpty(f.attribute))
			next++
		}
	}
	upTo(len(Activities.Fields))
	attributes.UnsafeIntoMap(lr.Attributes())
	if changed {
		lr.Body().SetStr(line(r, r.Status))
	}
}

// Read reads what WriteObservation or WriteRecord wrote into r, which it clears
// first. Attributes of other makers are left alone. An error names the attribute.
func Read(from plog.LogRecord, r *Record) error {
	*r = Record{}
	if from.EventName() != EventActivity {
		return ErrNotActivity
	}
	if err := Activities.read(from, r); err != nil {
		return err
	}
	switch {
	case r.EventID.IsZero():
		return fmt.Errorf("attribute %sevent_id is missing", AttributePrefix)
	case r.GroupID == "":
		return fmt.Errorf("attribute %sgroup_id is missing", AttributePrefix)
	}
	return nil
}

// WrittenByUs reports whether a record has no attributes of other makers.
func WrittenByUs(lr plog.LogRecord) bool {
	next := 0
	for name := range lr.Attributes().All() {
		i := Activities.Find(name, next)
		if i < 0 {
			return false
		}
		next = i + 1
	}
	return true
}

func setSeverity(to plog.LogRecord, status provisioning.Status, flagged bool) {
	number, text := severity(status, flagged)
	to.SetSeverityNumber(number)
	to.SetSeverityText(text)
}

func severity(status provisioning.Status, flagged bool) (plog.SeverityNumber, string) {
	switch {
	case status == provisioning.StatusFailed:
		return plog.SeverityNumberError, "ERROR"
	case status == provisioning.StatusRetrying || status == provisioning.StatusNotVerifiable || flagged:
		return plog.SeverityNumberWarn, "WARN"
	default:
		return plog.SeverityNumberInfo, "INFO"
	}
}

// MaxTime is the last time a record can hold: nanoseconds in a signed 64-bit
// integer end in April 2262.
const MaxTime = pcommon.Timestamp(math.MaxInt64)
