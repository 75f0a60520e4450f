package parquetfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning/record"
)

const jsonTime = "2006-01-02T15:04:05.000000Z07:00"

// AppendJSON appends a record as a JSON object with the named columns in their order;
// no name means all columns. Times are UTC with microseconds.
func AppendJSON(to []byte, r *record.Record, columns ...string) []byte {
	return AppendJSONIn(to, time.UTC, r, columns...)
}

// AppendJSONIn is AppendJSON with times in a zone.
func AppendJSONIn(to []byte, zone *time.Location, r *record.Record, columns ...string) []byte {
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
		case c.isTime():
			to = append(time.UnixMicro(v.Int64()).In(zone).AppendFormat(append(to, '"'), jsonTime), '"')
		default:
			to = strconv.AppendInt(to, v.Int64(), 10)
		}
	}
	if len(columns) == 0 {
		for i := range Activities.columns {
			add(&Activities.columns[i])
		}
	}
	for _, name := range columns {
		if c := Activities.column(name); c != nil {
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

// ParseJSON is the inverse of AppendJSON with all columns and accepts nothing else.
func ParseJSON(line []byte, r *record.Record) error {
	if !utf8.Valid(line) {
		return errors.New("a record in JSON must be UTF-8")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil {
		return err
	}
	if len(values) != len(Activities.columns) {
		return fmt.Errorf("has %d columns, want %d", len(values), len(Activities.columns))
	}
	*r = record.Record{}
	for i := range Activities.columns {
		c := &Activities.columns[i]
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

// parse reads a JSON value.
func (c *column[T]) parse(text json.RawMessage) (v parquet.Value, err error) {
	switch {
	case text == nil:
		return v, errors.New("is missing")
	case string(text) == "null":
		if !c.optional {
			return v, errors.New("must not be null")
		}
		return parquet.NullValue(), nil
	case c.isTime():
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
