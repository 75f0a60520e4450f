package archive

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// VerifyOptions say what is verified against.
type VerifyOptions struct {
	// Keys are trusted. A key that a seal signed with a trusted one names as its heir
	// is trusted from there on.
	Keys []ed25519.PublicKey
	// Until, where set, is when the chain must have reached: seals that are missing
	// at its end leave no other trace.
	Until time.Time
	// Progress is told how many bytes of how many were read. It is called by several
	// goroutines, one at a time.
	Progress func(done, total int64)
}

// Problem is something that is not as it was sealed.
type Problem struct {
	Kind   ProblemKind `json:"kind"`
	Name   string      `json:"name"` // path within the archive
	Detail string      `json:"detail"`
}

// ProblemKind says what is wrong with a file.
type ProblemKind string

const (
	Altered     ProblemKind = "altered"      // its content is not what was sealed
	Truncated   ProblemKind = "truncated"    // it is shorter than what was sealed
	Removed     ProblemKind = "removed"      // it was sealed and is not there
	Added       ProblemKind = "added"        // no seal lists it
	Misplaced   ProblemKind = "misplaced"    // its content was sealed under another name
	MissingHour ProblemKind = "missing-hour" // the chain has no seal for an hour
	BadSeal     ProblemKind = "bad-seal"     // a seal that is altered or not by a trusted key
	BrokenChain ProblemKind = "broken-chain" // a sound seal does not follow from the one before
)

// Verification is what Verify found.
type Verification struct {
	Problems []Problem `json:"problems"`
	// Notes are no faults: gaps, damaged and expired files as the seals tell.
	Notes []string `json:"notes,omitempty"`

	First    *Hour `json:"first_hour,omitempty"`
	Last     *Hour `json:"last_hour,omitempty"`
	Hours    int   `json:"hours"`    // sealed
	Files    int   `json:"files"`    // sealed and there
	Rows     int64 `json:"rows"`     // of those
	Bytes    int64 `json:"bytes"`    // of those
	Expired  int   `json:"expired"`  // files removed by retention
	Unsealed int   `json:"unsealed"` // files of hours that are not sealed yet, so not verified
}

// OK says that nothing is wrong.
func (v *Verification) OK() bool { return len(v.Problems) == 0 }

func (v *Verification) blame(kind ProblemKind, name, detail string, args ...any) {
	v.Problems = append(v.Problems, Problem{kind, name, fmt.Sprintf(detail, args...)})
}

func (v *Verification) note(text string, args ...any) {
	v.Notes = append(v.Notes, fmt.Sprintf(text, args...))
}

// ErrNoArchive is returned for a folder that holds no chain.
var ErrNoArchive = errors.New("holds no archive that was ever sealed (there is no " + chainDir + " folder)")

// Verify checks the archive at an address, or a copy of one, against its seals. It
// reads every file once and writes nothing. The error is for what kept it from
// looking; what it found is in the Verification.
func Verify(ctx context.Context, location string, opt VerifyOptions) (*Verification, error) {
	s, err := openStore(ctx, location, "")
	var found *Verification
	if err == nil {
		found, err = verify(ctx, s, opt)
		err = errors.Join(err, s.close())
	}
	if err != nil {
		return nil, fmt.Errorf("verify archive %s: %w", location, err)
	}
	return found, nil
}

func verify(ctx context.Context, s store, opt VerifyOptions) (*Verification, error) {
	if err := s.exists(ctx, chainDir); err != nil {
		return nil, errors.Join(ErrNoArchive, err)
	}
	v := &verifier{Verification: &Verification{Problems: []Problem{}}, store: s, opt: opt, files: map[string]int64{}}
	if err := v.list(ctx); err != nil {
		return nil, err
	}
	if err := v.readChain(ctx); err != nil {
		return nil, err
	}
	v.checkChain()
	if err := v.checkFiles(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(v.Problems, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	return v.Verification, nil
}

type verifier struct {
	*Verification
	store store
	opt   VerifyOptions
	files map[string]int64 // every data file and its size
	chain sealedChain
}

// list takes stock of the folder. What the writer keeps for itself is no evidence.
func (v *verifier) list(ctx context.Context) error {
	for f, err := range v.store.walk(ctx, "") {
		if err != nil {
			return err
		}
		if _, ok := parseName(f.path); ok {
			v.files[f.path] = f.size
			continue
		}
		_, isSeal := parseSealName(f.path)
		switch {
		case isSeal, f.path == genesisName:
			v.chain.names = append(v.chain.names, f.path)
		case f.path == lockName, f.path == gapsName, f.path == journalName, strings.HasPrefix(f.path, tempDir+"/"):
		default:
			v.blame(Added, f.path, "no file of the archive has such a name")
		}
	}
	return nil
}

// checkFiles compares what there is with what the seals list.
func (v *verifier) checkFiles(ctx context.Context) error {
	listed := map[string]SealedFile{}
	for _, s := range v.chain.seals {
		for _, f := range s.Files {
			if s.trusted {
				listed[f.Name] = f
			}
			if f.Damaged != "" {
				v.note("%s could not be read when its hour was sealed: %s", f.Name, f.Damaged)
			}
		}
	}
	var check []SealedFile
	var total int64
	for _, f := range listed {
		size, there := v.files[f.Name]
		if !there {
			v.absent(f)
			continue
		}
		check, total = append(check, f), total+size
	}
	slices.SortFunc(check, func(a, b SealedFile) int { return strings.Compare(a.Name, b.Name) })
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
	return v.strangers(ctx, listed, owner)
}

func (v *verifier) absent(f SealedFile) {
	switch {
	case v.chain.expired[f.Name]:
		v.Expired++
	case v.chain.unreadable:
		v.note("%s is not there: removed, or expired as a seal said that is missing or cannot be read", f.Name)
	default:
		v.blame(Removed, f.Name, "sealed with %d rows, %d bytes", f.Rows, f.Size)
	}
}

func (v *verifier) compare(f SealedFile, digest string, owner map[string]string) {
	size := v.files[f.Name]
	other, known := owner[digest]
	switch {
	case digest == f.SHA256:
		v.Files++
		v.Rows += f.Rows
		v.Bytes += f.Size
	case known:
		v.blame(Misplaced, f.Name, "holds what was sealed as %s", other)
	case size < f.Size:
		v.blame(Truncated, f.Name, "has %d bytes, %d were sealed", size, f.Size)
	default:
		v.blame(Altered, f.Name, "has SHA-256 %s, %s was sealed", digest, f.SHA256)
	}
}

// strangers looks at the files that no seal lists.
func (v *verifier) strangers(ctx context.Context, listed map[string]SealedFile, owner map[string]string) error {
	for name := range v.files {
		if _, ok := listed[name]; ok {
			continue
		}
		f, _ := parseName(name)
		s, sealed := v.chain.seals[f.Hour]
		switch {
		case sealed && !s.trusted:
			// The seal is to blame; without it nothing can be said of its files.
		case !sealed && v.chain.open(f.Hour):
			v.Unsealed++
		case !sealed && v.chain.within(f.Hour):
			// The hour is missing, and said to be.
		default:
			digest, _, err := hashFile(ctx, v.store, name, nil)
			if err != nil {
				return err
			}
			if other, known := owner[digest]; known {
				v.blame(Misplaced, name, "holds what was sealed as %s", other)
			} else {
				v.blame(Added, name, "the seal of hour %s does not list it", f.Hour)
			}
		}
	}
	return nil
}

// hash returns the SHA-256 of each file. Reading is spread over the processors.
func (v *verifier) hash(ctx context.Context, files []SealedFile, total int64) ([]string, error) {
	digests := make([]string, len(files))
	var (
		group sync.WaitGroup
		mu    sync.Mutex // guards everything declared below
		next  int
		done  int64
		first error
	)
	progress := func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		if done += n; v.opt.Progress != nil {
			v.opt.Progress(done, total)
		}
	}
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= len(files) && first == nil && ctx.Err() == nil
	}
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				var err error
				if digests[i], _, err = hashFile(ctx, v.store, files[i].Name, progress); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return digests, errors.Join(first, ctx.Err())
}
