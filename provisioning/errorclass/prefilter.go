package errorclass

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/coregx/ahocorasick"
)

// prefilter finds the patterns that can match a text at all: each match of a pattern
// holds one of its literals, and one pass over the text finds the literals of all
// patterns. Running every pattern instead costs a hundred times as much.
type prefilter struct {
	literals *ahocorasick.Automaton
	owners   [][]int // literal -> patterns
	always   []int   // patterns without a literal
}

func newPrefilter(patterns []string) (*prefilter, error) {
	p := &prefilter{}
	index := map[string]int{}
	var literals []string
	for n, pattern := range patterns {
		parsed, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", n, err)
		}
		set := required(parsed)
		if set == nil {
			p.always = append(p.always, n)
			continue
		}
		for _, literal := range set {
			i, ok := index[literal]
			if !ok {
				i = len(literals)
				index[literal] = i
				literals = append(literals, literal)
				p.owners = append(p.owners, nil)
			}
			p.owners[i] = append(p.owners[i], n)
		}
	}
	if len(literals) == 0 {
		return p, nil
	}
	var err error
	p.literals, err = ahocorasick.NewBuilder().AddStrings(literals).Build()
	return p, err
}

// candidates appends the numbers of the patterns that may match, in order.
func (p *prefilter) candidates(text string, to []int) []int {
	to = append(to, p.always...)
	if p.literals != nil {
		for _, m := range p.literals.FindAllOverlapping([]byte(strings.ToLower(text))) {
			to = append(to, p.owners[m.PatternID]...)
		}
	}
	slices.Sort(to)
	return slices.Compact(to)
}

// required returns literals in lower case of which every match holds at least one, nil
// where there is no such set of literals of at least minLiteral bytes.
func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := strings.ToLower(string(re.Rune))
		if len(text) < minLiteral {
			return nil
		}
		return []string{text}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
		return nil
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			set := required(sub)
			if set == nil {
				return nil
			}
			all = append(all, set...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if set := required(sub); set != nil && (best == nil || shortestOf(set) > shortestOf(best)) {
				best = set
			}
		}
		return best
	default:
		return nil
	}
}

const minLiteral = 3

func shortestOf(set []string) int {
	n := len(set[0])
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}
