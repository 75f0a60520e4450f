package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// recognised is how much of a file must be the text of licences, in percent.
const recognised = 75

var (
	errNoLicence = errors.New("there is no licence file")
	errUnknown   = errors.New("its licence is not recognised")
	errBinding   = errors.New("its licence must not be linked")

	// binding are the licences that provtrail's users would be bound by.
	binding  = regexp.MustCompile(`^([AL]?GPL|SSPL|BUSL)`)
	fileName = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-.].*)?$`)
)

// licenceOf reads the licence files in a module's own folder. Several licences are all named.
func licenceOf(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || !fileName.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		found := licensecheck.Scan(text)
		if found.Percent < recognised {
			return "", fmt.Errorf("%s: %w", e.Name(), errUnknown)
		}
		for _, m := range found.Match {
			if binding.MatchString(m.ID) {
				return "", fmt.Errorf("%s: %s: %w", e.Name(), m.ID, errBinding)
			}
			names = append(names, m.ID)
		}
	}
	if len(names) == 0 {
		return "", errNoLicence
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", "), nil
}
