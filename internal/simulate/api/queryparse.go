package api

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parseQuery reads a subset of the search query language: field:word,
// field:"a phrase", field:wild*, field:[low TO high], field:{low TO high},
// field:>=low, field:(a OR b), AND, OR, NOT, && and ||, round brackets, and *.
func parseQuery(text string) (query, error) {
	p := queryParser{text: text}
	p.space()
	if p.text == "" {
		return nil, errors.New("the query is empty")
	}
	q, err := p.or("")
	if err == nil && p.text != "" {
		err = fmt.Errorf("unexpected %q in the query", p.text)
	}
	return q, err
}

type queryParser struct{ text string }

func (p *queryParser) space() { p.text = strings.TrimLeft(p.text, " \t\n") }

// take consumes one of the words if it comes next.
func (p *queryParser) take(words ...string) bool {
	for _, w := range words {
		if strings.HasPrefix(p.text, w) {
			p.text = p.text[len(w):]
			p.space()
			return true
		}
	}
	return false
}

func (p *queryParser) or(field string) (query, error) {
	var list or
	for {
		q, err := p.and(field)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
		if !p.take("OR ", "|| ") {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

func (p *queryParser) and(field string) (query, error) {
	var list and
	for {
		q, err := p.one(field)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
		if !p.take("AND ", "&& ") {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	slices.SortStableFunc(list, func(a, b query) int { return cmp.Compare(a.cost(), b.cost()) })
	return list, nil
}

func (p *queryParser) one(field string) (query, error) {
	if p.take("NOT ", "!") || p.take("-") {
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
	if field != "" {
		return p.value(field)
	}
	colon := strings.IndexByte(p.text, ':')
	end := strings.IndexAny(p.text, " \t)")
	if end < 0 {
		end = len(p.text)
	}
	if colon < 0 || colon > end {
		if p.text[:end] == "*" {
			p.text = p.text[end:]
			p.space()
			return all{}, nil
		}
		return nil, fmt.Errorf("%q: only field:value is understood", p.text[:end])
	}
	name := p.text[:colon]
	p.text = p.text[colon+1:]
	if strings.HasPrefix(p.text, "(") {
		return p.one(name)
	}
	return p.value(name)
}

// value reads what follows a field's colon.
func (p *queryParser) value(field string) (query, error) {
	switch {
	case p.text == "":
		return nil, fmt.Errorf("%s has no value", field)
	case p.text[0] == '[' || p.text[0] == '{':
		return p.span(field)
	case p.text[0] == '"':
		end := strings.IndexByte(p.text[1:], '"')
		if end < 0 {
			return nil, errors.New("unclosed quote in the query")
		}
		word := p.text[1 : end+1]
		p.text = p.text[end+2:]
		p.space()
		return p.word(field, word)
	}
	end := 0
	for end < len(p.text) && !strings.ContainsRune(" \t)", rune(p.text[end])) {
		if p.text[end] == '\\' && end+1 < len(p.text) {
			end++
		}
		end++
	}
	word := p.text[:end]
	p.text = p.text[end:]
	p.space()
	for _, op := range []string{">=", "<=", ">", "<"} {
		if rest, found := strings.CutPrefix(word, op); found {
			return p.compare(field, op, rest)
		}
	}
	return p.word(field, strings.ReplaceAll(word, `\`, ""))
}

func (p *queryParser) word(field, word string) (query, error) {
	if field == "*" && word == "*" {
		return all{}, nil
	}
	if timeField(field) && word != "*" {
		at, err := bound(field, word, false)
		return span{field, at, at, true, true}, err
	}
	return term{field, strings.ToLower(word)}, nil
}

func (p *queryParser) compare(field, op, text string) (query, error) {
	b, err := bound(field, text, op[0] == '<')
	s := span{field: field, includesLow: op == ">=", includesHigh: op == "<="}
	if op[0] == '>' {
		s.low = b
	} else {
		s.high = b
	}
	return s, err
}

func (p *queryParser) span(field string) (query, error) {
	end := strings.IndexAny(p.text, "]}")
	if end < 0 {
		return nil, errors.New("unclosed range in the query")
	}
	inside := p.text[1:end]
	s := span{field: field, includesLow: p.text[0] == '[', includesHigh: p.text[end] == ']'}
	p.text = p.text[end+1:]
	p.space()
	low, high, found := strings.Cut(inside, " TO ")
	if !found {
		return nil, fmt.Errorf("range %q has no TO", inside)
	}
	var err, err2 error
	s.low, err = bound(field, strings.TrimSpace(low), false)
	s.high, err2 = bound(field, strings.TrimSpace(high), true)
	return s, errors.Join(err, err2)
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
