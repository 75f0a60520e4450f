package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// condition is one comparison of a collection filter: field operator value.
type condition struct {
	field, op string
	values    []string
	times     []int64 // the values of a time field
}

// operators by field, as the API documents them.
var operators = map[string]string{
	"type":     " eq in ge le lt ne isnull sw ",
	"created":  " gt lt ge le eq in ne isnull sw ",
	"modified": " gt lt ge le eq in ne isnull sw ",
}

// parseFilter reads the standard collection syntax, with and:
//
//	type eq "Identity Refresh" and modified ge 2026-03-02T00:00:00Z
func parseFilter(text string) ([]condition, error) {
	words, err := filterWords(text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	var out []condition
	for {
		var c condition
		if c, words, err = parseCondition(words); err != nil {
			return nil, err
		}
		out = append(out, c)
		if len(words) == 0 {
			return out, nil
		}
		if words[0] != "and" || len(words) == 1 {
			return nil, fmt.Errorf("unexpected %q in filters", words[0])
		}
		words = words[1:]
	}
}

func parseCondition(words []string) (condition, []string, error) {
	if words[0] == "isnull" && len(words) >= 2 {
		words = append([]string{words[1], "isnull"}, words[2:]...)
	}
	if len(words) < 2 {
		return condition{}, nil, fmt.Errorf("incomplete filter at %q", words[0])
	}
	c := condition{field: words[0], op: words[1]}
	allowed, ok := operators[c.field]
	if !ok {
		return c, nil, fmt.Errorf("filtering by %q is not supported", c.field)
	}
	if !strings.Contains(allowed, " "+c.op+" ") {
		return c, nil, fmt.Errorf("operator %q is not supported for %q", c.op, c.field)
	}
	words = words[2:]
	switch {
	case c.op == "isnull":
		return c, words, nil
	case len(words) == 0:
		return c, nil, fmt.Errorf("%s %s needs a value", c.field, c.op)
	case c.op == "in" && words[0] == "(":
		end := 1
		for end < len(words) && words[end] != ")" {
			if words[end] != "," {
				c.values = append(c.values, value(words[end]))
			}
			end++
		}
		if end == len(words) {
			return c, nil, fmt.Errorf("unclosed list after %s in", c.field)
		}
		words = words[end+1:]
	default:
		c.values, words = []string{value(words[0])}, words[1:]
	}
	if c.field == "type" || c.op == "sw" {
		return c, words, nil
	}
	for _, v := range c.values {
		at, err := view.ParseTime(v)
		if err != nil {
			return c, nil, fmt.Errorf("%s: %q is no date-time", c.field, v)
		}
		c.times = append(c.times, at)
	}
	return c, words, nil
}

func value(word string) string { return strings.TrimSuffix(strings.TrimPrefix(word, `"`), `"`) }

// filterWords splits a filter at spaces, keeping quoted texts and giving brackets
// and commas as words of their own.
func filterWords(text string) ([]string, error) {
	var words []string
	for text != "" {
		switch c := text[0]; c {
		case ' ', '\t':
			text = text[1:]
		case '(', ')', ',':
			words, text = append(words, text[:1]), text[1:]
		case '"':
			end := strings.IndexByte(text[1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("unclosed quote in filters")
			}
			words, text = append(words, text[:end+2]), text[end+2:]
		default:
			end := strings.IndexAny(text, " \t(),")
			if end < 0 {
				end = len(text)
			}
			words, text = append(words, text[:end]), text[end:]
		}
	}
	return words, nil
}

func (c *condition) matchTime(at int64) bool {
	switch c.op {
	case "isnull":
		return false
	case "sw":
		return strings.HasPrefix(view.Stamp(at), c.values[0])
	}
	return holds(c.op, at, c.times)
}

func (c *condition) matchText(text string) bool {
	switch c.op {
	case "isnull":
		return text == ""
	case "sw":
		return strings.HasPrefix(text, c.values[0])
	}
	return holds(c.op, text, c.values)
}

// holds compares what a document has with the values of a condition.
func holds[T cmp.Ordered](op string, have T, values []T) bool {
	switch op {
	case "ne":
		return have != values[0]
	case "gt":
		return have > values[0]
	case "ge":
		return have >= values[0]
	case "lt":
		return have < values[0]
	case "le":
		return have <= values[0]
	}
	return slices.Contains(values, have) // eq, in
}

// window narrows the times a filter lets through.
func window(conditions []condition, field string) (low, high int64) {
	low, high = 0, forever
	for i := range conditions {
		c := &conditions[i]
		if c.field != field || len(c.times) != 1 {
			continue
		}
		switch c.op {
		case "gt", "ge":
			low = max(low, c.times[0])
		case "lt", "le":
			high = min(high, c.times[0])
		case "eq":
			low, high = max(low, c.times[0]), min(high, c.times[0])
		}
	}
	return low, high
}
