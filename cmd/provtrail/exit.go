package main

import (
	"errors"

	"github.com/spf13/cobra"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// Exit codes of the subcommands that look into an archive, besides 0: found and proven.
const (
	exitFindings     = 1 // the archive or the pack is not as it was sealed
	exitCouldNotLook = 2 // a wrong question, or something that could not be read
)

// errFindings is wrapped by the error of a command that found a deviation.
var errFindings = errors.New("not as it was sealed")

// errDiffer is wrapped by the error of a command that compares stores.
var errDiffer = errors.New("the stores are not equal")

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

// lookFlag marks the error for a flag that a command which looks into an archive does not
// know or cannot read.
func lookFlag(_ *cobra.Command, err error) error { return looked(err) }

// lookArgs marks the error for a wrong number of arguments.
func lookArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return looked(check(cmd, args)) }
}

func exitCode(err error) int {
	found := errors.Is(err, errFindings) || errors.Is(err, errDiffer) || errors.Is(err, archivereport.ErrUnproven)
	if _, ok := errors.AsType[lookError](err); ok && !found {
		return exitCouldNotLook
	}
	return exitFindings
}
