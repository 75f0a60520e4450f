package api

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// queryWord is what a query consists of: a phrase, a range, an operator, a bracket, or a
// word, which may be escaped.
var queryWord = regexp.MustCompile(`^(?:"[^"]*"|[\[{][^\]}]*[\]}]|&&|\|\||[()!]|(?:\\.|[^\s()"\[\]{}])+)`)

// parseQuery reads a subset of the search query language: field:word,
// field:"a phrase", field:wild*, field:[low TO high], field:{low TO high},
// field:>=low, field:(a OR b), AND, OR, NOT, && and ||, round brackets, and *.
func parseQuery(text string) (query, error) {
	words, err := split(queryWord, text)
	if err != nil {
		return nil, err
	}
	p := queryParser{words}
	q, err := p.or("")
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("unexpected %q in the query", p.words[0])
	}
	return q, err
}

// split cuts a text into words and leaves out the space between them.
func split(word *regexp.Regexp, text string) (words []string, err error) {
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		next := word.FindString(rest)
		if next == "" {
			return nil, fmt.Errorf("unclosed quote or range at %q", rest)
		}
		words, rest = append(words, next), rest[len(next):]
	}
	return words, nil
}

type queryParser struct{ words []string }

// take consumes the next word if it is one of these.
func (p *queryParser) take(words ...string) bool {
	if len(p.words) == 0 || !slices.Contains(words, p.words[0]) {
		return false
	}
	p.words = p.words[1:]
	return true
}

// several reads parts between operators.
func (p *queryParser) several(field string, part func(string) (query, error), operators ...string) (list []query, err error) {
	for {
		q, err := part(field)
		if err != nil {
			return nil, err
		}
		if list = append(list, q); !p.take(operators...) {
			return list, nil
		}
	}
}

func (p *queryParser) or(field string) (query, error) {
	list, err := p.several(field, p.and, "OR", "||")
	if len(list) == 1 {
		return list[0], err
	}
	return or(list), err
}

func (p *queryParser) and(field string) (query, error) {
	list, err := p.several(field, p.one, "AND", "&&")
	slices.SortStableFunc(list, func(a, b query) int { return cmp.Compare(a.cost(), b.cost()) })
	return and(list), err
}

func (p *queryParser) one(field string) (query, error) {
	if p.take("NOT", "!") {
		q, err := p.one(field)
		return not{q}, err
	}
	if p.take("(") {
		q, err := p.or(field)
		if err == nil && !p.take(")") {
			err = errors.New("unclosed bracket in the query")
		}
		return q, err
	}
	if len(p.words) == 0 {
		return nil, errors.New("the query is empty or ends in the middle")
	}
	word := p.words[0]
	if field == "" && len(word) > 1 && word[0] == '-' {
		p.words[0] = word[1:]
		q, err := p.one("")
		return not{q}, err
	}
	p.words = p.words[1:]
	switch name, value, found := strings.Cut(word, ":"); {
	case field != "":
		return parseValue(field, word)
	case word == "*":
		return all{}, nil
	case !found:
		return nil, fmt.Errorf("%q: only field:value is understood", word)
	case value == "": // a phrase, a range or a bracket follows
		return p.one(name)
	default:
		return parseValue(name, value)
	}
}

// parseValue reads what follows a field's colon.
func parseValue(field, word string) (query, error) {
	if word[0] == '[' || word[0] == '{' {
		low, high, found := strings.Cut(word[1:len(word)-1], " TO ")
		if !found {
			return nil, fmt.Errorf("range %q has no TO", word)
		}
		var err, err2 error
		s := span{field: field, includesLow: word[0] == '[', includesHigh: strings.HasSuffix(word, "]")}
		s.low, err = bound(field, strings.TrimSpace(low), false)
		s.high, err2 = bound(field, strings.TrimSpace(high), true)
		return s, errors.Join(err, err2)
	}
	for _, op := range []string{">=", "<=", ">", "<"} {
		if text, found := strings.CutPrefix(word, op); found {
			return compared(field, op, text)
		}
	}
	word = strings.NewReplacer(`"`, "", `\`, "").Replace(word)
	switch {
	case field == "*" && word == "*":
		return all{}, nil
	case timeField(field) && word != "*":
		at, err := bound(field, word, false)
		return span{field, at, at, true, true}, err
	default:
		return term{field, strings.ToLower(word)}, nil
	}
}

// compared is a range with one bound.
func compared(field, op, text string) (query, error) {
	b, err := bound(field, text, op[0] == '<')
	if op[0] == '<' {
		return span{field: field, high: b, includesHigh: op == "<="}, err
	}
	return span{field: field, low: b, includesLow: op == ">="}, err
}

// timeWindow narrows the times of a field that a query lets through.
func timeWindow(q query, field string) (low, high string) {
	switch q := q.(type) {
	case span:
		if q.field == field {
			return q.low, q.high
		}
	case and:
		for _, part := range q {
			l, h := timeWindow(part, field)
			low = max(low, l)
			if high == "" || h != "" && h < high {
				high = h
			}
		}
	}
	return low, high
}
