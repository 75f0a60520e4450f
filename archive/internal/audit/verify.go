package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/completeness"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Options of Verify.
type Options struct {
	// Keys are trusted. So is a key that a trusted seal names as the next one.
	Keys []ed25519.PublicKey
	// Until, where set, is the time up to which the archive must be sealed: seals that
	// are missing at the end of the chain leave no other trace.
	Until time.Time
	// Heads are remembered outside the archive: the chain must contain them. Only their
	// Digest is needed.
	Heads []chain.Head
	// CompleteFrom and CompleteTo, where one is set, are the period of the vendor's clock of
	// which every document must be in the archive; zero is the first statement's hour and the
	// last one's.
	CompleteFrom, CompleteTo time.Time
	// Now is the time of the check; zero is the system's.
	Now time.Time
	// Progress, where set, is called with the bytes that were read so far and the bytes
	// to be read. The calls come from several goroutines, one at a time.
	Progress func(done, total int64)
}

// Problem is a deviation from what was sealed.
type Problem struct {
	Kind   ProblemKind `json:"kind"`
	Name   string      `json:"name"` // path within the archive
	Detail string      `json:"detail"`
}

// Repair is what to do where records are missing that ClickHouse has. It names those that are
// missing still.
const Repair = "provtrail doctor --since TIME counts the rows that the archive lacks and ClickHouse has, and with --repair archive appends them to the current hour, with the same event ids"

// ProblemKind is the kind of a Problem.
type ProblemKind string

const (
	Altered     ProblemKind = "altered"      // the content is not what was sealed
	Truncated   ProblemKind = "truncated"    // the file is shorter than what was sealed
	Removed     ProblemKind = "removed"      // a sealed file is missing
	Added       ProblemKind = "added"        // no seal lists the file
	Misplaced   ProblemKind = "misplaced"    // the content was sealed under another name
	MissingHour ProblemKind = "missing-hour" // the chain has no seal for an hour
	BadSeal     ProblemKind = "bad-seal"     // a seal that was altered or is not by a trusted key
	BrokenChain ProblemKind = "broken-chain" // a valid seal does not follow from the one before
	LostHead    ProblemKind = "lost-head"    // the chain does not contain a remembered head
	Recovered   ProblemKind = "recovered"    // seals were lost and a person let sealing go on
	Lost        ProblemKind = "lost"         // a file was gone when its hour was sealed
	Incomplete  ProblemKind = "incomplete"   // an hour of the required period is not complete
)

// Verification is what Verify found.
type Verification struct {
	Problems []Problem `json:"problems"`
	// Warnings are not problems: what is late, and what seals state of files that are not
	// whole.
	Warnings []string `json:"warnings,omitempty"`
	// Notes are gaps and what cannot be known.
	Notes []string `json:"notes,omitempty"`

	Archive string   `json:"archive,omitempty"` // id, the same in every seal
	Keys    []string `json:"keys"`              // fingerprints of the keys that signed
	// Newest is the last valid seal.
	Newest *chain.Head `json:"newest_seal,omitempty"`
	// UnalteredUntil is the end of the hour of Newest where there are no problems: what
	// came later is not proven.
	UnalteredUntil *time.Time `json:"unaltered_until,omitempty"`
	AgeSeconds     int64      `json:"newest_seal_age_seconds,omitempty"` // since Newest was signed
	// Retention is in force according to Newest, in seconds; zero is for ever.
	Retention int64 `json:"retention_seconds"`
	// Holds are in force according to Newest.
	Holds []chain.Hold `json:"holds,omitempty"`

	First    *layout.Hour `json:"first_hour,omitempty"`
	Last     *layout.Hour `json:"last_hour,omitempty"`
	Hours    int          `json:"hours"`    // sealed
	Files    int          `json:"files"`    // sealed and present
	Rows     int64        `json:"rows"`     // of those
	Bytes    int64        `json:"bytes"`    // of those
	Expired  int          `json:"expired"`  // files removed by retention
	Damaged  int          `json:"damaged"`  // files that could not be read when they were sealed
	Unsealed int          `json:"unsealed"` // files of hours that are not sealed yet, so not verified
	Overdue  int          `json:"overdue"`  // of those, in hours that should be sealed
	Future   int          `json:"future"`   // files and seals of hours that have not begun
	Unproven int          `json:"unproven"` // files of hours whose seals were lost

	// Completeness is what the sealed files that are unaltered hold of the vendor's documents.
	Completeness *completeness.Result `json:"completeness"`
	// Erased are the keys of persons that were destroyed: their texts cannot be read any more.
	Erased []chain.Erasure `json:"erased,omitempty"`
}

// OK reports whether there are no problems.
func (v *Verification) OK() bool { return len(v.Problems) == 0 }

func (v *Verification) blame(kind ProblemKind, name, detail string, args ...any) {
	v.Problems = append(v.Problems, Problem{kind, name, fmt.Sprintf(detail, args...)})
}

func (v *Verification) warn(text string, args ...any) {
	v.Warnings = append(v.Warnings, fmt.Sprintf(text, args...))
}

func (v *Verification) note(text string, args ...any) {
	v.Notes = append(v.Notes, fmt.Sprintf(text, args...))
}

// ErrNoArchive says that there is no chain.
var ErrNoArchive = errors.New("there is no sealed archive here (no directory " + layout.ChainDir + ")")

// Verify checks an archive, or a copy of one, against its seals. It reads every file
// once and writes nothing. The error is for what could not be checked; what is wrong
// with the archive is in the Verification.
func Verify(ctx context.Context, s blobstore.Store, opt Options) (*Verification, error) {
	if err := s.Exists(ctx, layout.ChainDir); err != nil {
		return nil, errors.Join(ErrNoArchive, err)
	}
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	v := &verifier{Verification: &Verification{Problems: []Problem{}, Keys: []string{}}, store: s, opt: opt, files: map[string]int64{}, irregular: map[string]bool{}}
	if err := v.list(ctx); err != nil {
		return nil, err
	}
	if err := v.readChain(ctx); err != nil {
		return nil, err
	}
	v.checkChain()
	v.checkHeads()
	if err := v.checkFiles(ctx); err != nil {
		return nil, err
	}
	v.conclude()
	if err := v.checkCompleteness(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(v.Problems, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	return v.Verification, nil
}

type verifier struct {
	*Verification
	store blobstore.Store
	opt   Options
	files map[string]int64 // every data file and its size
	chain sealedChain
	// irregular files are reported already.
	irregular map[string]bool
	// intact are the sealed files that are as they were sealed.
	intact []layout.DataFile
}

// list lists the files. Working files of the writer are not evidence.
func (v *verifier) list(ctx context.Context) error {
	for f, err := range v.store.Walk(ctx, "") {
		if err != nil {
			return err
		}
		_, isData := layout.ParseData(f.Name)
		switch {
		case f.Irregular:
			v.blame(Added, f.Name, "is a symbolic link or a special file: an archive has none")
			v.irregular[f.Name] = true
		case isData:
			v.files[f.Name] = f.Size
		case layout.IsSeal(f.Name):
			v.chain.names = append(v.chain.names, f.Name)
		case layout.IsWorking(f.Name):
		default:
			v.blame(Added, f.Name, "no file of an archive has such a name")
		}
	}
	return nil
}

// checkFiles compares what there is with what the seals list.
func (v *verifier) checkFiles(ctx context.Context) error {
	listed := map[string]chain.SealedFile{}
	for _, s := range v.chain.seals {
		for _, f := range s.Files {
			if s.trusted {
				listed[f.Name] = f
			}
			if f.Damaged != "" {
				v.Damaged++
				v.warn("%s could not be read when its hour was sealed: %s", f.Name, f.Damaged)
			}
		}
	}
	var check []chain.SealedFile
	var total int64
	for _, f := range listed {
		size, present := v.files[f.Name]
		if !present {
			if !v.irregular[f.Name] {
				v.absent(f)
			}
			continue
		}
		check, total = append(check, f), total+size
	}
	slices.SortFunc(check, func(a, b chain.SealedFile) int { return strings.Compare(a.Name, b.Name) })
	digests, err := v.hash(ctx, check, total)
	if err != nil {
		return err
	}
	owner := map[string]string{}
	for name, f := range listed {
		owner[f.SHA256] = name
	}
	for i, f := range check {
		v.compare(f, digests[i], owner)
	}
	return v.checkUnlisted(ctx, listed, owner)
}

func (v *verifier) absent(f chain.SealedFile) {
	switch {
	case v.chain.expired[f.Name]:
		v.Expired++
	case v.chain.unreadable:
		v.note("%s is missing: removed, or expired according to a seal that is missing or cannot be read", f.Name)
	default:
		v.blame(Removed, f.Name, "sealed with %d rows, %d bytes", f.Rows, f.Size)
	}
}

func (v *verifier) compare(f chain.SealedFile, digest string, owner map[string]string) {
	size := v.files[f.Name]
	other, known := owner[digest]
	switch {
	case digest == f.SHA256:
		v.Files++
		v.Rows += f.Rows
		v.Bytes += f.Size
		if data, ok := layout.ParseData(f.Name); ok && f.Damaged == "" {
			v.intact = append(v.intact, data)
		}
	case known:
		v.blame(Misplaced, f.Name, "has the content that was sealed as %s", other)
	case size < f.Size:
		v.blame(Truncated, f.Name, "has %d bytes, %d were sealed", size, f.Size)
	default:
		v.blame(Altered, f.Name, "has SHA-256 %s, %s was sealed", digest, f.SHA256)
	}
}

// checkUnlisted checks the files that no seal lists.
func (v *verifier) checkUnlisted(ctx context.Context, listed map[string]chain.SealedFile, owner map[string]string) error {
	for name := range v.files {
		if _, ok := listed[name]; ok {
			continue
		}
		f, _ := layout.ParseData(name)
		s, sealed := v.chain.seals[f.Hour]
		sealed = sealed && (!s.trusted || !s.begins()) // the beginning seals no hour
		switch {
		case sealed && !s.trusted:
			// The seal is the problem; without it nothing can be said of its files.
		case !sealed && v.chain.lost(f.Hour):
			v.Unproven++
		case !sealed && v.chain.open(f.Hour):
			v.unsealed(f)
		case !sealed && v.chain.within(f.Hour):
			// The missing hour is the problem.
		default:
			digest, _, err := blobstore.Hash(ctx, v.store, name, nil)
			if err != nil {
				return err
			}
			if other, known := owner[digest]; known {
				v.blame(Misplaced, name, "has the content that was sealed as %s", other)
			} else {
				v.blame(Added, name, "the seal of hour %s does not list it", f.Hour)
			}
		}
	}
	return nil
}
