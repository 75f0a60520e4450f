package record

import (
	"fmt"
	"reflect"

	"github.com/provtrail/provtrail/internal/nocopy"
	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// FieldOf is one value of a T.
type FieldOf[T any] struct {
	Column string
	Doc    string
	// Pointer returns a pointer to the value: *string or one of this package's string types,
	// *[]string, *ID, *Status, *bool, *int64, *uint64 or *pcommon.Timestamp.
	Pointer func(*T) any
	// LowCardinality marks words of a short list (an enumeration, a source, a tenant).
	LowCardinality bool
	// Derived marks what the processor adds to the observation.
	Derived bool
	// Personal marks texts that name a person or may hold what a person wrote. An archive with
	// privacy encrypts them.
	Personal bool

	// The following are made by describe.

	Value     Value
	attribute string
	// builtin is the LogRecord's own field that holds the value, 0 for an attribute.
	builtin builtin
	// at is the offset of the value in a T. A record has some sixty values, each of which is
	// read several times on its way: a type switch on what Pointer returns takes three times
	// as long.
	at uintptr
}

// Value is the type of a field's value.
type Value uint8

const (
	ValueText Value = iota // string or one of this package's string types
	ValueTexts
	ValueID
	ValueStatus
	ValueBool
	ValueInt
	ValueUint
	ValueTime
)

type builtin uint8

const (
	builtinNone builtin = iota
	builtinTimestamp
	builtinObserved
)

// Attribute is the field's name in a LogRecord.
func (f *FieldOf[T]) Attribute() string { return f.attribute }

func (f *FieldOf[T]) describe() {
	row := new(T)
	p := reflect.ValueOf(f.Pointer(row))
	f.at = p.Pointer() - reflect.ValueOf(row).Pointer()
	switch is := p.Elem(); is.Interface().(type) {
	case provisioning.ID:
		f.Value = ValueID
	case provisioning.Status:
		f.Value = ValueStatus
	case bool:
		f.Value = ValueBool
	case int64:
		f.Value = ValueInt
	case uint64:
		f.Value = ValueUint
	case pcommon.Timestamp:
		f.Value = ValueTime
	case []string:
		f.Value = ValueTexts
	default:
		if is.Kind() != reflect.String {
			panic(fmt.Sprintf("provisioning: field %s has type %s, which no record can hold", f.Column, is.Type()))
		}
	}
}

// Text returns the value of a ValueText.
func (f *FieldOf[T]) Text(row *T) string { return *nocopy.At[string](row, f.at) }

// SetText sets the value of a ValueText.
func (f *FieldOf[T]) SetText(row *T, text string) { *nocopy.At[string](row, f.at) = text }

// Texts points to the value of a ValueTexts.
func (f *FieldOf[T]) Texts(row *T) *[]string { return nocopy.At[[]string](row, f.at) }

// ID points to the value of a ValueID.
func (f *FieldOf[T]) ID(row *T) *provisioning.ID { return nocopy.At[provisioning.ID](row, f.at) }

// Number returns the value of one of the others: false is 0 and true 1.
func (f *FieldOf[T]) Number(row *T) int64 {
	switch f.Value {
	case ValueStatus, ValueBool:
		return int64(*nocopy.At[uint8](row, f.at))
	default:
		return *nocopy.At[int64](row, f.at)
	}
}

// SetNumber is the inverse of Number.
func (f *FieldOf[T]) SetNumber(row *T, n int64) {
	switch f.Value {
	case ValueBool:
		*nocopy.At[bool](row, f.at) = n != 0
	case ValueStatus:
		*nocopy.At[provisioning.Status](row, f.at) = provisioning.Status(n)
	default:
		*nocopy.At[int64](row, f.at) = n
	}
}

// Word is a text, a status or an id as text, and empty for anything else.
func (f *FieldOf[T]) Word(row *T) string {
	switch f.Value {
	case ValueText:
		return f.Text(row)
	case ValueStatus:
		return provisioning.Status(f.Number(row)).String()
	case ValueID:
		return f.ID(row).String()
	default:
		return ""
	}
}

// same reports whether a record has the value of an observation, which is no derived one.
// An Observation is the beginning of its Record, so the value lies at the same offset in
// both. Copying the observation into a record to compare the two would cost an allocation
// for each record.
func same(f *Field, o *provisioning.Observation, r *Record) bool {
	switch f.Value {
	case ValueText:
		return *nocopy.At[string](o, f.at) == f.Text(r)
	case ValueID:
		return *nocopy.At[provisioning.ID](o, f.at) == *f.ID(r)
	case ValueStatus, ValueBool:
		return int64(*nocopy.At[uint8](o, f.at)) == f.Number(r)
	default:
		return *nocopy.At[int64](o, f.at) == f.Number(r)
	}
}
