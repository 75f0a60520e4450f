package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/provtrail/provtrail/archive/internal/audit"
	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/completeness"
)

// VerifyOptions say what an archive is verified against.
type VerifyOptions = audit.Options

// Verification is what Verify found.
type Verification = audit.Verification

// Problem is a deviation from what was sealed.
type Problem = audit.Problem

// ProblemKind is the kind of a Problem.
type ProblemKind = audit.ProblemKind

// The kinds of problems.
const (
	Altered     = audit.Altered
	Truncated   = audit.Truncated
	Removed     = audit.Removed
	Added       = audit.Added
	Misplaced   = audit.Misplaced
	MissingHour = audit.MissingHour
	BadSeal     = audit.BadSeal
	BrokenChain = audit.BrokenChain
	LostHead    = audit.LostHead
	Recovered   = audit.Recovered
	Lost        = audit.Lost
	Incomplete  = audit.Incomplete
)

// Completeness says which hours of the vendor's clock an archive holds whole.
type Completeness = completeness.Result

// ErrNoArchive says that there is no sealed archive at an address.
var ErrNoArchive = audit.ErrNoArchive

// Repair is what to do where an archive lacks records that ClickHouse has.
const Repair = audit.Repair

// Verify checks the archive at an address, or a copy of one, against its seals. It
// reads every file once and writes nothing. The error is for what could not be checked;
// what is wrong with the archive is in the Verification.
func Verify(ctx context.Context, location string, opt VerifyOptions) (*Verification, error) {
	s, err := blobstore.Open(ctx, location, blobstore.Options{})
	var found *Verification
	if err == nil {
		found, err = audit.Verify(ctx, s, opt)
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("verify archive %s: %w", location, err)
	}
	return found, nil
}
