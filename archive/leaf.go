package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Leaf is what the Merkle tree of a sealed file holds for a row: the SHA-256 of a
// zero byte and of each column that has a value, in their order, as its name and its
// value, each with its length before it. It does not depend on how Parquet lays the
// row out, so a row can be proven that was copied out of its file.
func Leaf(r *record.Record) Hash {
	var l leaves[record.Record]
	return l.of(activities, r)
}

// leaves makes leaves, one after another.
type leaves[T any] struct{ text, scratch []byte }

func (l *leaves[T]) of(t *table[T], row *T) Hash {
	l.text = append(l.text[:0], 0)
	for i := range t.columns {
		switch c := &t.columns[i]; {
		case c.text != nil:
			text := c.text(row, &l.scratch)
			if text == "" {
				continue
			}
			if !utf8.ValidString(text) {
				text = mended(text)
			}
			l.text = append(l.text, c.label...)
			l.text = append(binary.AppendUvarint(l.text, uint64(len(text))), text...)
		case c.flag != nil:
			if c.flag(row) {
				l.text = append(append(l.text, c.label...), 1, 1)
			}
		default:
			if n, there := c.number(row); there && n != 0 {
				l.text = append(l.text, c.label...)
				l.text = binary.BigEndian.AppendUint64(append(l.text, 8), uint64(n))
			}
		}
	}
	return sha256.Sum256(l.text)
}

const jsonTime = "2006-01-02T15:04:05.000000Z"

// AppendJSON appends a record as an object with the named columns in their order,
// none meaning all. Times are UTC to the microsecond.
func AppendJSON(to []byte, r *record.Record, columns ...string) []byte {
	to = append(to, '{')
	first := len(to)
	add := func(c *column[record.Record]) {
		if len(to) > first {
			to = append(to, ',')
		}
		to = append(appendQuoted(to, c.name), ':')
		var scratch [64]byte
		text := scratch[:0]
		switch v := c.value(r, &text); {
		case v.IsNull():
			to = append(to, "null"...)
		case v.Kind() == parquet.ByteArray:
			to = appendQuoted(to, textOf(v))
		case v.Kind() == parquet.Boolean:
			to = strconv.AppendBool(to, v.Boolean())
		case c.time:
			to = append(time.UnixMicro(v.Int64()).UTC().AppendFormat(append(to, '"'), jsonTime), '"')
		default:
			to = strconv.AppendInt(to, v.Int64(), 10)
		}
	}
	if len(columns) == 0 {
		for i := range activities.columns {
			add(&activities.columns[i])
		}
	}
	for _, name := range columns {
		if c := activities.column(name); c != nil {
			add(c)
		}
	}
	return append(to, '}')
}

const hexDigits = "0123456789abcdef"

func appendQuoted(to []byte, text string) []byte {
	to = append(to, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c < ' ' || c == 0x7f:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			to = append(to, c)
		}
	}
	return append(to, '"')
}

// ParseJSON reads what AppendJSON wrote of all columns, and nothing else.
func ParseJSON(line []byte, r *record.Record) error {
	if !utf8.Valid(line) {
		return errors.New("a record in JSON must be UTF-8")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil {
		return err
	}
	if len(values) != len(activities.columns) {
		return fmt.Errorf("has %d columns, want %d", len(values), len(activities.columns))
	}
	*r = record.Record{}
	for i := range activities.columns {
		c := &activities.columns[i]
		v, err := c.parse(values[c.name])
		if err == nil {
			err = c.set(r, v)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return nil
}

// parse reads a value in JSON.
func (c *column[T]) parse(text json.RawMessage) (v parquet.Value, err error) {
	switch {
	case text == nil:
		return v, errors.New("is missing")
	case string(text) == "null":
		if !c.node.Optional() {
			return v, errors.New("is null, which it never is")
		}
		return parquet.NullValue(), nil
	case c.time:
		var at time.Time
		err = json.Unmarshal(text, &at)
		return parquet.Int64Value(at.UnixMicro()), err
	}
	switch c.node.Type().Kind() { // there are no others
	case parquet.ByteArray:
		var s string
		err = json.Unmarshal(text, &s)
		return textValue(s), err
	case parquet.Boolean:
		var b bool
		err = json.Unmarshal(text, &b)
		return parquet.BooleanValue(b), err
	default:
		var n int64
		err = json.Unmarshal(text, &n)
		return parquet.Int64Value(n), err
	}
}
