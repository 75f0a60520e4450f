package provisioning

import (
	"errors"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// ErrNotActivity is returned for a LogRecord of another EventName.
var ErrNotActivity = errors.New("not a " + EventActivity + " record")

// WriteObservation writes an observation as the receiver emits it.
func WriteObservation(o *Observation, to plog.LogRecord) {
	r := Record{Observation: *o}
	write(&r, to, o.Says)
}

// WriteRecord writes an enriched record as the processor emits it.
func WriteRecord(r *Record, to plog.LogRecord) { write(r, to, r.Status) }

func write(r *Record, to plog.LogRecord, status Status) {
	to.SetEventName(EventActivity)
	to.SetTimestamp(r.OccurredAt)
	to.SetObservedTimestamp(r.ObservedAt)
	to.SetTraceID(TraceID(r.Tenant, r.GroupID))
	setSeverity(to, status, r.Stalled || r.Overdue)
	to.Body().SetStr(Line(r, status))

	attrs := to.Attributes()
	attrs.EnsureCapacity(len(Fields))
	for i := range fieldTable {
		if f := &fieldTable[i]; !f.top {
			put(attrs, f.attribute, f.of(r))
		}
	}
}

// Enrich turns the record of an observation, as WriteObservation made it, into what
// WriteRecord would write for r, the record of that observation. Attributes of other
// makers stay. What is the same already is not written again.
func Enrich(lr plog.LogRecord, o *Observation, r *Record) {
	flagged := r.Stalled || r.Overdue
	setSeverity(lr, r.Status, flagged)
	was := Record{Observation: *o}
	attrs := lr.Attributes()
	attrs.EnsureCapacity(len(Fields))
	changed := flagged || r.Status != o.Says
	for i := range fieldTable {
		f := &fieldTable[i]
		if f.top {
			continue
		}
		value := f.of(r)
		if !f.derived {
			if same(f.of(&was), value) {
				continue
			}
			changed = true
			attrs.Remove(f.attribute)
		}
		put(attrs, f.attribute, value)
	}
	if changed {
		lr.Body().SetStr(Line(r, r.Status))
	}
}

// same compares two values of a field of an Observation.
func same(a, b any) bool {
	switch a := a.(type) {
	case *bool:
		return *a == *b.(*bool)
	case *ID:
		return *a == *b.(*ID)
	case *Status:
		return *a == *b.(*Status)
	case *pcommon.Timestamp:
		return *a == *b.(*pcommon.Timestamp)
	default:
		return Text(a) == Text(b)
	}
}

// put writes a value that is not zero.
func put(attrs pcommon.Map, attribute string, value any) {
	switch v := value.(type) {
	case *Status:
		putText(attrs, attribute, v.String())
	case *ID:
		putText(attrs, attribute, v.String())
	case *bool:
		if *v {
			attrs.PutBool(attribute, true)
		}
	case *int64:
		putInt(attrs, attribute, *v)
	case *uint64:
		putInt(attrs, attribute, int64(*v)) //nolint:gosec // a count of observations
	case *pcommon.Timestamp:
		putInt(attrs, attribute, int64(*v)) //nolint:gosec // nanoseconds since 1970, at most MaxTime
	default:
		putText(attrs, attribute, Text(v))
	}
}

func putText(attrs pcommon.Map, name, text string) {
	if text != "" {
		attrs.PutStr(name, text)
	}
}

func putInt(attrs pcommon.Map, name string, n int64) {
	if n != 0 {
		attrs.PutInt(name, n)
	}
}

// Read reads what WriteObservation or WriteRecord wrote into r, which it clears
// first. Attributes of other makers are left alone. An error names the attribute.
func Read(from plog.LogRecord, r *Record) error {
	*r = Record{}
	if from.EventName() != EventActivity {
		return ErrNotActivity
	}
	r.OccurredAt, r.ObservedAt = from.Timestamp(), from.ObservedTimestamp()
	next := 0
	for name, value := range from.Attributes().All() {
		i := fieldOf(name, next)
		if i < 0 {
			continue
		}
		next = i + 1
		if err := set(fieldTable[i].of(r), value); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
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
		i := fieldOf(name, next)
		if i < 0 {
			return false
		}
		next = i + 1
	}
	return true
}

// fieldOf returns the index of an attribute's field, -1 for that of another maker. A
// record's attributes come in the order of the fields with some left out, so it is
// nearly always among the next few.
func fieldOf(attribute string, next int) int {
	for i := next; i < min(next+8, len(fieldTable)); i++ {
		if fieldTable[i].attribute == attribute && !fieldTable[i].top {
			return i
		}
	}
	if i, ok := fieldIndex[attribute]; ok {
		return i
	}
	return -1
}

func set(field any, value pcommon.Value) (err error) {
	if want := valueType(field); value.Type() != want {
		return fmt.Errorf("is %s, want %s", value.Type(), want)
	}
	switch p := field.(type) {
	case *Status:
		*p, err = ParseStatus(value.Str())
	case *ID:
		*p, err = ParseID(value.Str())
	case *bool:
		*p = value.Bool()
	case *int64:
		*p = value.Int()
	case *uint64:
		*p = uint64(max(value.Int(), 0))
	case *pcommon.Timestamp:
		*p = pcommon.Timestamp(max(value.Int(), 0))
	default:
		SetText(field, value.Str())
	}
	return err
}

// readers returns functions that read an attribute, empty or 0 where it is absent
// or of another type.
func readers(attrs pcommon.Map) (text func(string) string, number func(string) int64) {
	text = func(name string) string {
		if v, ok := attrs.Get(name); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
		return ""
	}
	number = func(name string) int64 {
		if v, ok := attrs.Get(name); ok && v.Type() == pcommon.ValueTypeInt {
			return v.Int()
		}
		return 0
	}
	return text, number
}

func valueType(field any) pcommon.ValueType {
	switch field.(type) {
	case *bool:
		return pcommon.ValueTypeBool
	case *int64, *uint64, *pcommon.Timestamp:
		return pcommon.ValueTypeInt
	default:
		return pcommon.ValueTypeStr
	}
}

// fieldTable is Fields with what the mapping needs at hand.
var fieldTable, fieldIndex = func() ([]tableField, map[string]int) {
	table := make([]tableField, len(Fields))
	index := make(map[string]int, len(Fields))
	for i := range Fields {
		f := &Fields[i]
		table[i] = tableField{attribute: f.Attribute(), of: f.Of, derived: f.Derived, top: f.Column == "occurred_at" || f.Column == "observed_at"}
		if !table[i].top {
			index[table[i].attribute] = i
		}
	}
	return table, index
}()

type tableField struct {
	attribute string
	of        func(*Record) any
	derived   bool
	top       bool // a field of the LogRecord itself
}

func setSeverity(to plog.LogRecord, status Status, flagged bool) {
	number, text := severity(status, flagged)
	to.SetSeverityNumber(number)
	to.SetSeverityText(text)
}

func severity(status Status, flagged bool) (plog.SeverityNumber, string) {
	switch {
	case status == StatusFailed:
		return plog.SeverityNumberError, "ERROR"
	case status == StatusRetrying || status == StatusNotVerifiable || flagged:
		return plog.SeverityNumberWarn, "WARN"
	default:
		return plog.SeverityNumberInfo, "INFO"
	}
}

// MaxTime is the last time a record can hold: nanoseconds in a signed 64-bit
// integer end in April 2262.
const MaxTime = pcommon.Timestamp(math.MaxInt64)
