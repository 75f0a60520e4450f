package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// filterWord is what a filter consists of.
var filterWord = regexp.MustCompile(`^(?:"[^"]*"|[(),]|[^\s(),"]+)`)

// comparisons are the operators of filters in the language of queries.
var comparisons = map[string]string{"gt": ">", "ge": ">=", "lt": "<", "le": "<="}

// parseFilter reads the standard collection syntax, with and, as a query:
//
//	type eq "Identity Refresh" and modified ge 2026-03-02T00:00:00Z
func parseFilter(text string) (query, error) {
	words, err := split(filterWord, text)
	if err != nil || len(words) == 0 {
		return all{}, err
	}
	var out and
	for {
		var c query
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

// parseCondition reads field, operator and value, and returns the words that follow.
func parseCondition(words []string) (query, []string, error) {
	if words[0] == "isnull" && len(words) >= 2 {
		words = append([]string{words[1], "isnull"}, words[2:]...)
	}
	if len(words) < 2 {
		return nil, nil, fmt.Errorf("incomplete filter at %q", words[0])
	}
	field, op := words[0], words[1]
	words = words[2:]
	if field != "type" && field != "created" && field != "modified" {
		return nil, nil, fmt.Errorf("filtering by %q is not supported", field)
	}
	if op == "isnull" {
		return not{term{field, "*"}}, words, nil
	}
	if len(words) == 0 {
		return nil, nil, fmt.Errorf("%s %s needs a value", field, op)
	}
	end := 1
	if op == "in" && words[0] == "(" {
		if end = slices.Index(words, ")") + 1; end == 0 {
			return nil, nil, fmt.Errorf("unclosed list after %s in", field)
		}
	}
	var either or
	for _, word := range words[:end] {
		if word == "(" || word == "," || word == ")" {
			continue
		}
		q, err := condition(field, op, strings.Trim(word, `"`))
		if err != nil {
			return nil, nil, err
		}
		either = append(either, q)
	}
	if len(either) == 1 { // what timeWindow understands
		return either[0], words[end:], nil
	}
	return either, words[end:], nil
}

func condition(field, op, value string) (query, error) {
	if op == "sw" {
		return term{field, strings.ToLower(value) + "*"}, nil
	}
	if timeField(field) {
		if _, err := view.ParseTime(value); err != nil {
			return nil, fmt.Errorf("%s: %q is no date-time", field, value)
		}
	}
	if comparison, ok := comparisons[op]; ok && (op != "gt" || timeField(field)) {
		return compared(field, comparison, value)
	}
	b, err := bound(field, value, false)
	equal := span{field, b, b, true, true}
	switch op {
	case "eq", "in":
		return equal, err
	case "ne":
		return not{equal}, err
	default:
		return nil, fmt.Errorf("operator %q is not supported for %q", op, field)
	}
}
