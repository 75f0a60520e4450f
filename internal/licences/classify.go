package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licences are recognised by words that no other licence has; the first that fits
// counts. Those of the GPL family come first, so that a text that quotes another
// licence is never taken for that one.
var licences = []struct {
	name  string
	words []string
}{
	{"AGPL-3.0", []string{"gnu affero general public license version 3"}},
	{"LGPL", []string{"gnu lesser general public license version"}},
	{"GPL", []string{"gnu general public license version"}},
	{"SSPL-1.0", []string{"server side public license"}},
	{"BUSL-1.1", []string{"business source license 1.1"}},
	{"Apache-2.0", []string{"apache license version 2.0"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice"}},
	{"MIT-0", []string{"permission is hereby granted, free of charge"}},
	{"BSD-3-Clause", []string{"redistributions in binary form", "neither the name"}},
	{"BSD-3-Clause", []string{"redistributions in binary form", "names of its contributors may not be used"}},
	{"BSD-3-Clause", []string{"redistributions in binary form", "may not be used to endorse"}},
	{"BSD-2-Clause", []string{"redistributions in binary form"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software", "copyright notice and this permission notice"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software", "copyright notice and this permission notice"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"CC0-1.0", []string{"cc0 1.0 universal"}},
	{"Zlib", []string{"this software is provided 'as-is'", "altered source versions"}},
}

// binding are the licences that provtrail's users would be bound by.
var binding = []string{"AGPL-3.0", "LGPL", "GPL", "SSPL-1.0", "BUSL-1.1"}

var (
	errNoLicence = errors.New("there is no licence file")
	errUnknown   = errors.New("its licence is not recognised: see what it is and add its words to internal/licences")
	errBinding   = errors.New("its licence must not be linked")

	fileName = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-.].*)?$`)
	blanks   = regexp.MustCompile(`[\s,"*#/;]+`)
)

// licenceOf reads the licence files in a module's own folder. Several files that say
// different things are all named.
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
		name := classify(string(text))
		switch {
		case name == "":
			return "", fmt.Errorf("%s: %w", e.Name(), errUnknown)
		case slices.Contains(binding, name):
			return "", fmt.Errorf("%s: %s: %w", e.Name(), name, errBinding)
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", errNoLicence
	}
	slices.Sort(names)
	return strings.Join(names, ", "), nil
}

func classify(text string) string {
	text = normal(text)
	// The MPL names the GPL family in its text; its own name stands at the beginning.
	if strings.Contains(text[:min(len(text), 200)], "mozilla public license version 2.0") {
		return "MPL-2.0"
	}
	for _, l := range licences {
		if !slices.ContainsFunc(l.words, func(w string) bool { return !strings.Contains(text, normal(w)) }) {
			return l.name
		}
	}
	return ""
}

func normal(text string) string {
	return blanks.ReplaceAllString(strings.ToLower(text), " ")
}
