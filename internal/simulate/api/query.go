package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/view"
)

// query is a parsed query string: what a document must match. fields gives the
// words of a field; times are texts as the vendor writes them, which sort alike.
type query interface {
	match(fields func(field string) []string) bool
	cost() int // fields that cost much to get are asked for last
}

type (
	all  struct{}
	not  struct{ of query }
	and  []query
	or   []query
	term struct{ field, text string }
	// span is a range; an empty bound is open.
	span struct {
		field, low, high          string
		includesLow, includesHigh bool
	}
)

func (all) match(func(string) []string) bool     { return true }
func (all) cost() int                            { return 0 }
func (n not) match(f func(string) []string) bool { return !n.of.match(f) }
func (n not) cost() int                          { return n.of.cost() }

func (a and) match(f func(string) []string) bool {
	return !slices.ContainsFunc(a, func(q query) bool { return !q.match(f) })
}

func (a and) cost() int { return highest(a) }

func (o or) match(f func(string) []string) bool {
	return slices.ContainsFunc(o, func(q query) bool { return q.match(f) })
}

func (o or) cost() int { return highest(o) }

func highest(list []query) int {
	most := 0
	for _, q := range list {
		most = max(most, q.cost())
	}
	return most
}

func (t term) cost() int { return costOf(t.field) }
func (s span) cost() int { return costOf(s.field) }

func costOf(field string) int {
	if timeField(field) {
		return 0
	}
	return 1
}

func timeField(field string) bool {
	return field == "created" || field == "modified" || field == "synced"
}

func (t term) match(fields func(string) []string) bool {
	return slices.ContainsFunc(fields(t.field), func(have string) bool { return like(strings.ToLower(have), t.text) })
}

// like compares with * as a wildcard; a phrase matches inside a longer text.
func like(have, want string) bool {
	if !strings.Contains(want, "*") {
		return have == want || strings.Contains(have, want)
	}
	parts := strings.Split(want, "*")
	if !strings.HasPrefix(have, parts[0]) {
		return false
	}
	have = have[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		at := strings.Index(have, p)
		if at < 0 {
			return false
		}
		have = have[at+len(p):]
	}
	return strings.HasSuffix(have, parts[len(parts)-1])
}

func (s span) match(fields func(string) []string) bool {
	for _, have := range fields(s.field) {
		if !timeField(s.field) {
			have = strings.ToLower(have)
		}
		above := s.low == "" || have > s.low || s.includesLow && have == s.low
		below := s.high == "" || have < s.high || s.includesHigh && have == s.high
		if above && below {
			return true
		}
	}
	return false
}

// bound reads a bound of a range: of a time field a time or a day.
func bound(field, text string, isHigh bool) (string, error) {
	text = strings.NewReplacer(`\`, "", `"`, "").Replace(text)
	if text == "*" || text == "" {
		return "", nil
	}
	if !timeField(field) {
		return strings.ToLower(text), nil
	}
	if len(text) == len(time.DateOnly) {
		t, err := time.Parse(time.DateOnly, text)
		if isHigh {
			t = t.Add(24*time.Hour - time.Millisecond)
		}
		return view.Stamp(t.UnixMilli()), err
	}
	at, err := view.ParseTime(text)
	if err != nil {
		return "", fmt.Errorf("%s: %q is no date", field, text)
	}
	return view.Stamp(at), nil
}
