package parquetfile

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/nocopy"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// column is one column of a table with rows T. Text is never null (absent is empty, as
// in ClickHouse); an absent time is.
type column[T any] struct {
	name  string
	label []byte // name as it stands in leaves
	field *record.FieldOf[T]
	index int // of field in its schema, and so in a columnar.Batch
	// fallback replaces a time that is absent.
	fallback      *record.FieldOf[T]
	fallbackIndex int
	node          parquet.Node
	optional      bool
	bloom         bool
	// fromNumber makes the value of a field that is not text; nil for text.
	fromNumber func(int64) parquet.Value
	// set stores a value in a row. The row keeps the text of the value.
	set func(row *T, v parquet.Value) error
}

type columnOptions struct {
	distinct bool // every row has another text: no dictionary
	bloom    bool
	required bool // a time that is never absent
}

func newColumn[T any](fields []record.FieldOf[T], index int, opt columnOptions) column[T] {
	f := &fields[index]
	c := column[T]{name: f.Column, field: f, index: index, bloom: opt.bloom}
	text := parquet.Encoded(parquet.Leaf(dictionaryType{parquet.String().Type()}), &parquet.RLEDictionary)
	if opt.distinct {
		text = parquet.Encoded(parquet.String(), &parquet.Plain)
	}
	setNumber := func(row *T, v parquet.Value) error { f.SetNumber(row, v.Int64()); return nil }
	switch f.Value {
	case record.ValueText:
		c.node = text
		c.set = func(row *T, v parquet.Value) error { f.SetText(row, textOf(v)); return nil }
	case record.ValueID:
		c.node = text
		c.set = func(row *T, v parquet.Value) (err error) {
			*f.ID(row), err = provisioning.ParseID(textOf(v))
			return err
		}
	case record.ValueTexts:
		c.node = text
		c.set = func(row *T, v parquet.Value) (err error) {
			*f.Texts(row), err = parseTexts(textOf(v))
			return err
		}
	case record.ValueStatus:
		c.node = text
		c.fromNumber = func(n int64) parquet.Value { return textValue(provisioning.Status(n).String()) }
		c.set = func(row *T, v parquet.Value) error {
			status, err := provisioning.ParseStatus(textOf(v))
			f.SetNumber(row, int64(status))
			return err
		}
	case record.ValueBool:
		c.node = parquet.Leaf(parquet.BooleanType)
		c.fromNumber = func(n int64) parquet.Value { return parquet.BooleanValue(n != 0) }
		c.set = func(row *T, v parquet.Value) error {
			n := int64(0)
			if v.Boolean() {
				n = 1
			}
			f.SetNumber(row, n)
			return nil
		}
	case record.ValueInt:
		c.node = integerNode()
		c.fromNumber = parquet.Int64Value
		c.set = setNumber
	case record.ValueUint:
		c.node = integerNode()
		c.fromNumber = func(n int64) parquet.Value {
			return parquet.Int64Value(int64(min(uint64(n), math.MaxInt64)))
		}
		c.set = func(row *T, v parquet.Value) error { f.SetNumber(row, max(v.Int64(), 0)); return nil }
	case record.ValueTime:
		c.optional = !opt.required
		c.node = timeNode(c.optional)
		c.fromNumber = func(n int64) parquet.Value {
			if n == 0 && c.optional {
				return parquet.NullValue()
			}
			return parquet.Int64Value(micros(pcommon.Timestamp(n)))
		}
		c.set = func(row *T, v parquet.Value) error {
			n := int64(0)
			if !v.IsNull() {
				n = max(v.Int64(), 0) * 1000
			}
			f.SetNumber(row, n)
			return nil
		}
	default:
		panic(fmt.Sprintf("parquetfile: column %s has a type without a mapping", f.Column))
	}
	return c
}

// integerNode is signed, because Spark reads no unsigned integers.
func integerNode() parquet.Node {
	return parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
}

// timeNode has microseconds: Spark reads no nanoseconds, the vendor writes milliseconds.
func timeNode(optional bool) parquet.Node {
	node := parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	if optional {
		return parquet.Optional(node)
	}
	return node
}

// micros truncates: the vendor's nanoseconds are in the verbatim document.
func micros(at pcommon.Timestamp) int64 { return int64(min(at, record.MaxTime) / 1000) }

// value returns a row's value. Text that is not in the row is appended to scratch, which
// the value refers to.
func (c *column[T]) value(row *T, scratch *[]byte) parquet.Value {
	switch c.field.Value {
	case record.ValueText:
		return textValue(toValidUTF8(c.field.Text(row)))
	case record.ValueTexts:
		return textValue(joinTexts(*c.field.Texts(row)))
	case record.ValueID:
		return idValue(c.field.ID(row), scratch)
	default:
		n := c.field.Number(row)
		if n == 0 && c.fallback != nil {
			n = c.fallback.Number(row)
		}
		return c.fromNumber(n)
	}
}

// joinTexts makes a JSON array of texts, and an empty text of none.
func joinTexts(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	list, _ := json.Marshal(texts) // texts are always written
	return string(list)
}

// parseTexts is the inverse of joinTexts.
func parseTexts(list string) (texts []string, err error) {
	if list == "" {
		return nil, nil
	}
	return texts, json.Unmarshal([]byte(list), &texts)
}

// isTime reports whether values are microseconds since 1970.
func (c *column[T]) isTime() bool {
	return c.field.Value == record.ValueTime && c.node.Type().Kind() == parquet.Int64
}

func idValue(id *provisioning.ID, scratch *[]byte) parquet.Value {
	if id.IsZero() {
		return parquet.ByteArrayValue(nil)
	}
	start := len(*scratch)
	*scratch = hex.AppendEncode(*scratch, id[:])
	return parquet.ByteArrayValue((*scratch)[start:])
}

// textValue does not copy; the writer does.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(nocopy.Bytes(s))
}

// textOf does not copy: the reader hands out values whose bytes are never written to
// again.
func textOf(v parquet.Value) string {
	return nocopy.String(v.ByteArray())
}

// toValidUTF8 replaces bytes that are not UTF-8 with U+FFFD: Parquet readers refuse a
// whole file for one such text.
func toValidUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
