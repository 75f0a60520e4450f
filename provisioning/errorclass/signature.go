package errorclass

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Signature is a known error text.
type Signature struct {
	ID        string
	Category  Category
	Connector string // family of connectors whose text it is; * for any
	Pattern   string // RE2, matched without regard to case
	Example   string
	Retry     Retry
	Action    string // what to do next, one sentence
	// Source is where the text is from: a mark and an address. [F] the page prints the
	// text, [C] seen in public code or logs, [K] general knowledge, [I] inferred from a
	// documented state or class.
	Source string
}

// columns is the first line of a table.
const columns = "id\tcategory\tconnector\tpattern\texample\tretryable\tnext_action\tsource"

//go:embed signatures.tsv
var embedded string

// Builtin returns the signatures that provtrail ships, in the order of precedence.
func Builtin() []Signature {
	list, err := Parse(strings.NewReader(embedded))
	if err != nil {
		panic(fmt.Sprintf("errorclass: embedded table: %v", err)) // a test reads it
	}
	return list
}

// Parse reads a table: tab-separated values with the heading of signatures.tsv. Empty
// lines and lines that begin with # are skipped. The error names every wrong line.
func Parse(r io.Reader) ([]Signature, error) {
	var list []Signature
	var errs error
	seen := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	header := false
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			continue
		case !header:
			if header = true; line != columns {
				return nil, fmt.Errorf("line %d: the heading must be the columns %q, separated by tabs", n, strings.ReplaceAll(columns, "\t", " "))
			}
			continue
		}
		s, err := parseLine(line)
		if first, ok := seen[s.ID]; err == nil && ok {
			err = fmt.Errorf("id %q is that of line %d", s.ID, first)
		}
		if err != nil {
			errs = errors.Join(errs, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		seen[s.ID] = n
		list = append(list, s)
	}
	return list, errors.Join(errs, lines.Err())
}

func parseLine(line string) (Signature, error) {
	cells := strings.Split(line, "\t")
	if want := strings.Count(columns, "\t") + 1; len(cells) != want {
		return Signature{}, fmt.Errorf("has %d columns, want %d", len(cells), want)
	}
	s := Signature{
		ID: cells[0], Category: Category(cells[1]), Connector: cells[2], Pattern: cells[3],
		Example: cells[4], Retry: Retry(cells[5]), Action: cells[6], Source: cells[7],
	}
	return s, s.validate()
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (s *Signature) validate() error {
	var errs error
	if !idForm.MatchString(s.ID) {
		errs = errors.Join(errs, fmt.Errorf("id %q: want lower-case letters, digits and _", s.ID))
	}
	if _, ok := s.Category.Info(); !ok {
		errs = errors.Join(errs, fmt.Errorf("%s: category %q is not one of the categories", s.ID, s.Category))
	}
	if !slices.Contains([]Retry{RetryYes, RetryNo, RetryUnknown}, s.Retry) {
		errs = errors.Join(errs, fmt.Errorf("%s: retryable %q: want yes, no or unknown", s.ID, s.Retry))
	}
	re, err := regexp.Compile("(?i)" + s.Pattern)
	switch {
	case err != nil:
		errs = errors.Join(errs, fmt.Errorf("%s: pattern: %w", s.ID, err))
	case re.MatchString(""):
		errs = errors.Join(errs, fmt.Errorf("%s: pattern matches an empty text", s.ID))
	case !re.MatchString(s.Example):
		errs = errors.Join(errs, fmt.Errorf("%s: pattern does not match its example", s.ID))
	}
	return errs
}

// Merge puts own signatures into a table: one with a known id takes the place of that
// signature, the others come before all, since who adds a signature knows the tenant.
func Merge(table, own []Signature) []Signature {
	merged := slices.Clone(table)
	var added []Signature
	for _, s := range own {
		if i := slices.IndexFunc(merged, func(t Signature) bool { return t.ID == s.ID }); i >= 0 {
			merged[i] = s
		} else {
			added = append(added, s)
		}
	}
	return append(added, merged...)
}
