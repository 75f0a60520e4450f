package record

import (
	"fmt"

	"github.com/provtrail/provtrail/internal/nocopy"
	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// Schema is the values of one type of record, and how a LogRecord holds them: as
// attributes, but for the times that a LogRecord has itself. What is empty, zero or
// false is absent.
type Schema[T any] struct {
	// Event is the EventName of these records.
	Event  string
	Fields []FieldOf[T]

	attributes, columns map[string]int
}

func newSchema[T any](event string, fields []FieldOf[T]) *Schema[T] {
	s := &Schema[T]{Event: event, Fields: fields, attributes: map[string]int{}, columns: map[string]int{}}
	for i := range fields {
		f := &fields[i]
		f.describe()
		s.columns[f.Column] = i
		switch f.Column {
		case "observed_at":
			f.builtin = builtinObserved
			continue
		case "occurred_at":
			f.builtin = builtinTimestamp
			continue
		case "original":
			f.attribute = AttributeOriginal
		case "file":
			f.attribute = AttributeFilePath
		default:
			f.attribute = AttributePrefix + f.Column
		}
		s.attributes[f.attribute] = i
	}
	return s
}

// Column returns the field of a column, nil where there is none.
func (s *Schema[T]) Column(name string) *FieldOf[T] {
	if i, ok := s.columns[name]; ok {
		return &s.Fields[i]
	}
	return nil
}

// Find returns the index of an attribute's field, -1 for that of another maker. A
// record's attributes come in the order of the fields with some left out, so it is
// nearly always among those that follow next.
func (s *Schema[T]) Find(attribute string, next int) int {
	for i := next; i < min(next+8, len(s.Fields)); i++ {
		if s.Fields[i].attribute == attribute {
			return i
		}
	}
	if i, ok := s.attributes[attribute]; ok {
		return i
	}
	return -1
}

// write writes all values, of which about so many are attributes; the caller sets what
// else a LogRecord has.
func (s *Schema[T]) write(row *T, to plog.LogRecord, typical int) {
	to.SetEventName(s.Event)
	var attributes xpdata.MapBuilder
	attributes.EnsureCapacity(typical)
	for i := range s.Fields {
		switch f := &s.Fields[i]; f.builtin {
		case builtinTimestamp:
			to.SetTimestamp(pcommon.Timestamp(f.Number(row)))
		case builtinObserved:
			to.SetObservedTimestamp(pcommon.Timestamp(f.Number(row)))
		default:
			f.put(row, &attributes)
		}
	}
	attributes.UnsafeIntoMap(to.Attributes())
}

// put appends a value that is not zero.
func (f *FieldOf[T]) put(row *T, to *xpdata.MapBuilder) {
	switch f.Value {
	case ValueText:
		if text := f.Text(row); text != "" {
			to.AppendEmpty(f.attribute).SetStr(text)
		}
	case ValueID:
		if id := f.ID(row); !id.IsZero() {
			to.AppendEmpty(f.attribute).SetStr(id.String())
		}
	case ValueTexts:
		if texts := *f.Texts(row); len(texts) > 0 {
			slice := to.AppendEmpty(f.attribute).SetEmptySlice()
			slice.EnsureCapacity(len(texts))
			for _, text := range texts {
				slice.AppendEmpty().SetStr(text)
			}
		}
	default:
		n := f.Number(row)
		switch {
		case n == 0:
		case f.Value == ValueStatus:
			to.AppendEmpty(f.attribute).SetStr(provisioning.Status(n).String())
		case f.Value == ValueBool:
			to.AppendEmpty(f.attribute).SetBool(true)
		default:
			to.AppendEmpty(f.attribute).SetInt(n)
		}
	}
}

// read reads what write wrote into row, which must be zero. Attributes of other makers
// are left alone. An error names the attribute.
func (s *Schema[T]) read(from plog.LogRecord, row *T) error {
	for i := range s.Fields {
		switch f := &s.Fields[i]; f.builtin {
		case builtinTimestamp:
			f.SetNumber(row, int64(from.Timestamp()))
		case builtinObserved:
			f.SetNumber(row, int64(from.ObservedTimestamp()))
		}
	}
	next := 0
	for name, value := range from.Attributes().All() {
		i := s.Find(name, next)
		if i < 0 {
			continue
		}
		next = i + 1
		if err := s.Fields[i].read(row, value); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return nil
}

func (f *FieldOf[T]) read(row *T, value pcommon.Value) (err error) {
	if err := f.Value.check(value); err != nil {
		return err
	}
	switch f.Value {
	case ValueText:
		f.SetText(row, value.Str())
	case ValueID:
		*f.ID(row), err = provisioning.ParseID(value.Str())
	case ValueTexts:
		for _, v := range value.Slice().All() {
			*f.Texts(row) = append(*f.Texts(row), v.AsString())
		}
	case ValueStatus:
		var status provisioning.Status
		status, err = provisioning.ParseStatus(value.Str())
		f.SetNumber(row, int64(status))
	case ValueBool:
		*nocopy.At[bool](row, f.at) = value.Bool()
	case ValueInt:
		f.SetNumber(row, value.Int())
	default:
		f.SetNumber(row, max(value.Int(), 0))
	}
	return err
}

// check returns an error where an attribute is not of the value's type.
func (v Value) check(value pcommon.Value) error {
	want := pcommon.ValueTypeInt
	switch v {
	case ValueText, ValueID, ValueStatus:
		want = pcommon.ValueTypeStr
	case ValueBool:
		want = pcommon.ValueTypeBool
	case ValueTexts:
		want = pcommon.ValueTypeSlice
	}
	if is := value.Type(); is != want {
		return fmt.Errorf("is %s, want %s", is, want)
	}
	return nil
}
