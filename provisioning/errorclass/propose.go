package errorclass

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	placeholder = regexp.MustCompile(`<(text|dn|mail|id|time|ip|n)>`)
	word        = regexp.MustCompile(`[a-z]{3,}`)
)

// Propose makes a signature that matches a text and those that normalize to the same.
// Without an id it is made of the text's words.
func Propose(text, id string, category Category) (Signature, error) {
	normalized := Normalize(text)
	if normalized == "" {
		return Signature{}, errors.New("the text is empty")
	}
	if id == "" {
		words := word.FindAllString(placeholder.ReplaceAllString(normalized, " "), 4)
		id = strings.Join(append([]string{"own"}, words...), "_")
	}
	// Whatever Normalize takes out may be anything that is no line end; white space may be any.
	pieces := strings.Fields(placeholder.ReplaceAllString(normalized, " \x00 "))
	for i, piece := range pieces {
		if piece == "\x00" {
			pieces[i] = `[^\n]*`
		} else {
			pieces[i] = regexp.QuoteMeta(piece)
		}
	}
	info, ok := category.Info()
	if !ok {
		return Signature{}, fmt.Errorf("category %q is not one of the categories", category)
	}
	s := Signature{
		ID: id, Category: category, Connector: "*", Pattern: strings.Join(pieces, `\s*`),
		Example: strings.Join(strings.Fields(text), " "), Retry: info.Retry, Action: info.Action, Source: "own",
	}
	if err := s.validate(); err != nil {
		return Signature{}, fmt.Errorf("this text makes no pattern: %w", err)
	}
	return s, nil
}

// Line is the signature as a line of a table.
func (s *Signature) Line() string {
	return strings.Join([]string{s.ID, string(s.Category), s.Connector, s.Pattern, s.Example, string(s.Retry), s.Action, s.Source}, "\t")
}
