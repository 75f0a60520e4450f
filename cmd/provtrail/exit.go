package main

import (
	"errors"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// Exit codes besides 0.
const (
	exitFindings = 1 // what was looked at is not as it should be
	exitFailed   = 2 // a wrong question, or something could not be done
)

// What a command found. Its error wraps one of these.
var (
	errFindings    = errors.New("not as it was sealed")
	errDiffer      = errors.New("the stores are not equal")
	errUnknownText = errors.New("no signature knows this text: `provtrail errors propose` prints a row to start from")
)

func exitCode(err error) int {
	for _, found := range []error{errFindings, errDiffer, errUnknownText, archivereport.ErrUnproven} {
		if errors.Is(err, found) {
			return exitFindings
		}
	}
	return exitFailed
}
