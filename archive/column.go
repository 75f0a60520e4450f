package archive

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
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
	// made text is written to scratch.
	made bool
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

// newColumn makes a column of a schema's field.
func newColumn[T any](f *record.FieldOf[T], opt options) column[T] {
	c := column[T]{name: f.Column, bloom: opt.bloom, distinct: opt.distinct, document: opt.document}
	switch f.Value {
	case record.ValueText:
		textColumn(&c, opt, f)
	case record.ValueStatus:
		statusColumn(&c, opt, f)
	case record.ValueID:
		idColumn(&c, opt, f)
	case record.ValueBool:
		c.node = parquet.Leaf(parquet.BooleanType)
		c.value = func(row *T, _ *[]byte) parquet.Value { return parquet.BooleanValue(f.Number(row) != 0) }
		c.set = func(row *T, v parquet.Value) error { f.SetNumber(row, int64(btoi(v.Boolean()))); return nil }
		c.flag = func(row *T) bool { return f.Number(row) != 0 }
	case record.ValueInt, record.ValueUint:
		// Signed, because Spark reads no unsigned integers.
		c.node = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
		number := func(row *T) int64 { return f.Number(row) }
		if f.Value == record.ValueUint {
			number = func(row *T) int64 { return int64(min(uint64(f.Number(row)), math.MaxInt64)) }
		}
		c.value = func(row *T, _ *[]byte) parquet.Value { return parquet.Int64Value(number(row)) }
		c.set = func(row *T, v parquet.Value) error {
			n := v.Int64()
			if f.Value == record.ValueUint {
				n = max(n, 0)
			}
			f.SetNumber(row, n)
			return nil
		}
		c.number = func(row *T) (int64, bool) { return number(row), true }
	case record.ValueTime:
		timeColumn(&c, opt, f)
	default:
		panic(fmt.Sprintf("archive: column %s has a type that the archive does not know", f.Column))
	}
	return c
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func textNode(opt options) parquet.Node {
	if !opt.distinct {
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.Encoded(parquet.String(), &parquet.Plain)
}

func textColumn[T any](c *column[T], opt options, f *record.FieldOf[T]) {
	c.node = textNode(opt)
	c.text = func(row *T, _ *[]byte) string { return f.Text(row) }
	c.value = func(row *T, _ *[]byte) parquet.Value {
		text := f.Text(row)
		if !utf8.ValidString(text) {
			text = mended(text)
		}
		return textValue(text)
	}
	c.set = func(row *T, v parquet.Value) error { f.SetText(row, textOf(v)); return nil }
}

func statusColumn[T any](c *column[T], opt options, f *record.FieldOf[T]) {
	c.node = textNode(opt)
	c.text = func(row *T, _ *[]byte) string { return f.Word(row) }
	c.value = func(row *T, _ *[]byte) parquet.Value { return textValue(f.Word(row)) }
	c.set = func(row *T, v parquet.Value) error {
		status, err := provisioning.ParseStatus(textOf(v))
		f.SetNumber(row, int64(status))
		return err
	}
}

func idColumn[T any](c *column[T], opt options, f *record.FieldOf[T]) {
	c.node, c.made = textNode(opt), true
	c.text = func(row *T, scratch *[]byte) string {
		*scratch = appendID((*scratch)[:0], f.ID(row))
		return textOfBytes(*scratch)
	}
	c.value = func(row *T, scratch *[]byte) parquet.Value {
		start := len(*scratch)
		*scratch = appendID(*scratch, f.ID(row))
		return parquet.ByteArrayValue((*scratch)[start:])
	}
	c.set = func(row *T, v parquet.Value) (err error) {
		*f.ID(row), err = provisioning.ParseID(textOf(v))
		return err
	}
}

func timeColumn[T any](c *column[T], opt options, f *record.FieldOf[T]) {
	c.time = true
	// Microseconds: Spark reads no nanoseconds, the vendor writes milliseconds.
	c.node = parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	if !opt.required {
		c.node = parquet.Optional(c.node)
	}
	at := func(row *T) pcommon.Timestamp { return pcommon.Timestamp(f.Number(row)) }
	c.number = func(row *T) (int64, bool) {
		at := at(row)
		return micros(at), at != 0 || opt.required
	}
	c.value = func(row *T, _ *[]byte) parquet.Value {
		at := at(row)
		if at == 0 && !opt.required {
			return parquet.NullValue()
		}
		return parquet.Int64Value(micros(at))
	}
	c.set = func(row *T, v parquet.Value) error {
		n := int64(0)
		if !v.IsNull() {
			n = max(v.Int64(), 0) * 1000
		}
		f.SetNumber(row, n)
		return nil
	}
}

// micros cuts: what the vendor says to the nanosecond is in the verbatim JSON.
func micros(at pcommon.Timestamp) int64 { return int64(min(at, record.MaxTime) / 1000) }
