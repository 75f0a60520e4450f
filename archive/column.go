package archive

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// column is one leaf of a table of rows T: how its values are declared, written
// and read. Text is never null (absent is empty, as in ClickHouse); an absent time
// is.
type column[T any] struct {
	name  string
	label []byte // the name in leaves
	node  parquet.Node
	bloom bool
	time  bool
	// distinct text has no dictionary, documents have no bounds.
	distinct, document bool
	// One of these makes the row's value to be written: text (which may use scratch
	// and be gone at the next call), a number (false: null) or a flag.
	text   func(row *T, scratch *[]byte) string
	number func(row *T) (int64, bool)
	flag   func(row *T) bool
	// value makes the row's value. Text it had to make is appended to scratch.
	value func(row *T, scratch *[]byte) parquet.Value
	// set is value's inverse. The text of v may be kept.
	set func(row *T, v parquet.Value) error
}

// options of a column beyond its type.
type options struct {
	distinct bool // every row has another text: no dictionary
	document bool // long, and nobody compares it
	bloom    bool
	required bool // a time that is never absent
}

// newColumn makes a column from a function that points at its value in a row, as
// provisioning.Fields has it.
func newColumn[T any](name string, opt options, of func(*T) any) column[T] {
	c := column[T]{name: name, bloom: opt.bloom, distinct: opt.distinct, document: opt.document}
	switch sample := of(new(T)).(type) {
	case *string:
		textColumn[T, string](&c, opt, of)
	case *provisioning.Feed:
		textColumn[T, provisioning.Feed](&c, opt, of)
	case *provisioning.Dialect:
		textColumn[T, provisioning.Dialect](&c, opt, of)
	case *provisioning.Sort:
		textColumn[T, provisioning.Sort](&c, opt, of)
	case *provisioning.Operation:
		textColumn[T, provisioning.Operation](&c, opt, of)
	case *provisioning.Kind:
		textColumn[T, provisioning.Kind](&c, opt, of)
	case *provisioning.FailedOn:
		textColumn[T, provisioning.FailedOn](&c, opt, of)
	case *provisioning.Status:
		statusColumn(&c, opt, of)
	case *provisioning.ID:
		idColumn(&c, opt, of)
	case *bool:
		c.node = parquet.Leaf(parquet.BooleanType)
		c.value = func(row *T, _ *[]byte) parquet.Value { return parquet.BooleanValue(*of(row).(*bool)) }
		c.set = func(row *T, v parquet.Value) error { *of(row).(*bool) = v.Boolean(); return nil }
		c.flag = func(row *T) bool { return *of(row).(*bool) }
	case *int64:
		c.node = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
		c.value = func(row *T, _ *[]byte) parquet.Value { return parquet.Int64Value(*of(row).(*int64)) }
		c.set = func(row *T, v parquet.Value) error { *of(row).(*int64) = v.Int64(); return nil }
		c.number = func(row *T) (int64, bool) { return *of(row).(*int64), true }
	case *uint64:
		// Signed, because Spark reads no unsigned integers.
		c.node = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
		c.value = func(row *T, _ *[]byte) parquet.Value {
			return parquet.Int64Value(int64(min(*of(row).(*uint64), math.MaxInt64))) //nolint:gosec // bounded
		}
		c.set = func(row *T, v parquet.Value) error { *of(row).(*uint64) = uint64(max(v.Int64(), 0)); return nil }
		c.number = func(row *T) (int64, bool) { return int64(min(*of(row).(*uint64), math.MaxInt64)), true } //nolint:gosec // bounded
	case *pcommon.Timestamp:
		timeColumn(&c, opt, func(row *T) *pcommon.Timestamp { return of(row).(*pcommon.Timestamp) })
	default:
		panic(fmt.Sprintf("archive: column %s has type %T, which the archive does not know", name, sample))
	}
	return c
}

func textNode(opt options) parquet.Node {
	if !opt.distinct {
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.Encoded(parquet.String(), &parquet.Plain)
}

func textColumn[T any, S ~string](c *column[T], opt options, of func(*T) any) {
	c.node = textNode(opt)
	c.text = func(row *T, _ *[]byte) string { return string(*of(row).(*S)) }
	c.value = func(row *T, _ *[]byte) parquet.Value {
		text := string(*of(row).(*S))
		if !utf8.ValidString(text) {
			text = mended(text)
		}
		return textValue(text)
	}
	c.set = func(row *T, v parquet.Value) error { *of(row).(*S) = S(textOf(v)); return nil }
}

func statusColumn[T any](c *column[T], opt options, of func(*T) any) {
	c.node = textNode(opt)
	c.text = func(row *T, _ *[]byte) string { return of(row).(*provisioning.Status).String() }
	c.value = func(row *T, _ *[]byte) parquet.Value { return textValue(of(row).(*provisioning.Status).String()) }
	c.set = func(row *T, v parquet.Value) (err error) {
		*of(row).(*provisioning.Status), err = provisioning.ParseStatus(textOf(v))
		return err
	}
}

func idColumn[T any](c *column[T], opt options, of func(*T) any) {
	c.node = textNode(opt)
	c.text = func(row *T, scratch *[]byte) string {
		*scratch = appendID((*scratch)[:0], of(row).(*provisioning.ID))
		return textOfBytes(*scratch)
	}
	c.value = func(row *T, scratch *[]byte) parquet.Value {
		start := len(*scratch)
		*scratch = appendID(*scratch, of(row).(*provisioning.ID))
		return parquet.ByteArrayValue((*scratch)[start:])
	}
	c.set = func(row *T, v parquet.Value) (err error) {
		*of(row).(*provisioning.ID), err = provisioning.ParseID(textOf(v))
		return err
	}
}

func timeColumn[T any](c *column[T], opt options, of func(*T) *pcommon.Timestamp) {
	c.time = true
	// Microseconds: Spark reads no nanoseconds, the vendor writes milliseconds.
	c.node = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	if !opt.required {
		c.node = parquet.Optional(c.node)
	}
	c.number = func(row *T) (int64, bool) {
		at := *of(row)
		return micros(at), at != 0 || opt.required
	}
	c.value = func(row *T, _ *[]byte) parquet.Value {
		at := *of(row)
		if at == 0 && !opt.required {
			return parquet.NullValue()
		}
		return parquet.Int64Value(micros(at))
	}
	c.set = func(row *T, v parquet.Value) error {
		*of(row) = 0
		if !v.IsNull() {
			*of(row) = pcommon.Timestamp(max(v.Int64(), 0)) * 1000
		}
		return nil
	}
}

// micros cuts: what the vendor says to the nanosecond is in the verbatim JSON.
func micros(at pcommon.Timestamp) int64 { return int64(min(at, provisioning.MaxTime) / 1000) }
