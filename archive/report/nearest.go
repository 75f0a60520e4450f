package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest finds what is most similar to a word that is not known.
type nearest struct {
	want     string
	best     string
	distance int
	seen     map[string]bool
}

func (n *nearest) consider(words ...string) {
	for _, word := range words {
		if word == "" || n.seen[word] {
			continue
		}
		if n.seen == nil {
			n.seen = map[string]bool{}
		}
		n.seen[word] = true
		d := levenshtein.ComputeDistance(strings.ToLower(n.want), strings.ToLower(word))
		if n.best == "" || d < n.distance || d == n.distance && word < n.best {
			n.best, n.distance = word, d
		}
	}
}

// question asks whether the similar word is meant; empty where nothing is similar.
func (n *nearest) question() string {
	if n.best == "" || n.distance > max(2, len(n.want)/3) {
		return ""
	}
	return " (did you mean " + strconv.Quote(n.best) + "?)"
}

// noneOf is the error for a word that is none of a list.
func noneOf(name, word string, known []string) error {
	n := nearest{want: word}
	n.consider(known...)
	return fmt.Errorf("%w: %s %q is none of %s%s", ErrFilter, name, word, strings.Join(known, ", "), n.question())
}
