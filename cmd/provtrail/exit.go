package main

import (
	"errors"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// Exit codes of the subcommands that look into an archive, besides 0: found and proven.
const (
	exitFindings     = 1 // the archive or the pack is not as it was sealed
	exitCouldNotLook = 2 // a wrong question, or something that could not be read
)

// errFindings is wrapped by the error of a command that found a deviation.
var errFindings = errors.New("not as it was sealed")

// lookError is the error of a command that looks into an archive.
type lookError struct{ error }

func (e lookError) Unwrap() error { return e.error }

// looked marks the error of a command that looks into an archive.
func looked(err error) error {
	if err == nil {
		return nil
	}
	return lookError{err}
}

func exitCode(err error) int {
	if _, ok := errors.AsType[lookError](err); ok && !errors.Is(err, errFindings) && !errors.Is(err, archivereport.ErrUnproven) {
		return exitCouldNotLook
	}
	return exitFindings
}
