package columns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Query reads rows of a table whose columns are those of a schema. FROM and what follows is
// from. f is called with each row, which is valid until it returns.
func Query[T any](s *record.Schema[T], from string, f func(*T) error) func() ch.Query {
	return func() ch.Query {
		expressions, results := make([]string, len(s.Fields)), make(proto.Results, len(s.Fields))
		fill := make([]func(row *T, at int) error, len(s.Fields))
		for i := range s.Fields {
			field := &s.Fields[i]
			expression, data, set := reader(field)
			name := fmt.Sprintf("c%d", i) // not that of a column, which WHERE may mean
			expressions[i], results[i], fill[i] = expression+" AS "+name, proto.ResultColumn{Name: name, Data: data}, set
		}
		return ch.Query{
			Body: "SELECT " + strings.Join(expressions, ", ") + " FROM " + from, Result: results,
			OnResult: func(_ context.Context, block proto.Block) error {
				for at := range block.Rows {
					var row T
					var errs []error
					for i := range fill {
						if err := fill[i](&row, at); err != nil {
							errs = append(errs, fmt.Errorf("column %s: %w", s.Fields[i].Column, err))
						}
					}
					if err := errors.Join(errs...); err != nil {
						return err
					}
					if err := f(&row); err != nil {
						return err
					}
				}
				return nil
			},
		}
	}
}

// reader is how a field is selected, and how a value is set.
func reader[T any](f *record.FieldOf[T]) (expression string, data proto.ColResult, set func(row *T, at int) error) {
	number := func(c *proto.ColInt64, unit int64) func(*T, int) error {
		return func(row *T, at int) error { f.SetNumber(row, (*c)[at]*unit); return nil }
	}
	switch f.Value {
	case record.ValueBool:
		c := new(proto.ColInt64)
		return "toInt64(" + f.Column + ")", c, number(c, 1)
	case record.ValueInt, record.ValueUint:
		c := new(proto.ColInt64)
		return "reinterpretAsInt64(" + f.Column + ")", c, number(c, 1)
	case record.ValueTime:
		c := new(proto.ColInt64)
		expression = "ifNull(toUnixTimestamp64Micro(toDateTime64(" + f.Column + ", 6, 'UTC')), toInt64(0))"
		if f.Column == "occurred_at" { // without a time of the vendor's the column has that of receipt
			expression = "if(timed, " + expression + ", toInt64(0))"
		}
		return expression, c, number(c, 1000)
	case record.ValueTexts:
		c := proto.NewArray(new(proto.ColStr))
		return f.Column, c, func(row *T, at int) error { *f.Texts(row) = c.Row(at); return nil }
	}
	c := new(proto.ColStr)
	return "CAST(" + f.Column + ", 'String')", c, func(row *T, at int) (err error) {
		switch text := c.Row(at); f.Value {
		case record.ValueID:
			*f.ID(row), err = provisioning.ParseID(text)
		case record.ValueStatus:
			var status provisioning.Status
			status, err = provisioning.ParseStatus(text)
			f.SetNumber(row, int64(status))
		default:
			f.SetText(row, text)
		}
		return err
	}
}
