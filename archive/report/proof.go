package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/archive"
)

// Proof is a file of the archive and the seal that lists it.
type Proof struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // as sealed, and as the file was read
	Seal   string `json:"seal,omitempty"`   // SHA-256 of the seal
	Key    string `json:"key,omitempty"`    // that signed the seal
	Open   bool   `json:"open,omitempty"`   // the hour is not sealed yet
	// Problem is why the file is not proven although its hour is over.
	Problem string `json:"problem,omitempty"`
}

// ErrUnproven is wrapped by the error for a file that is not what was sealed.
var ErrUnproven = errors.New("the archive is not as it was sealed")

// prover compares files with their seals.
type prover struct {
	ctx      context.Context //nolint:containedctx // of one call
	view     *archive.View
	begun    archive.Hour // the first that the chain seals; zero without a chain
	seals    map[archive.Hour]*archive.Seal
	distrust map[archive.Hour]string // what is wrong with the seal of an hour
	expired  map[string]bool
	replaced []string
	problems []string // of files and hours, for people
}

// newProver reads the seals of the hours from first to last.
func newProver(ctx context.Context, view *archive.View, first, last archive.Hour) (*prover, error) {
	p := &prover{ctx: ctx, view: view, seals: map[archive.Hour]*archive.Seal{}, distrust: map[archive.Hour]string{}, expired: map[string]bool{}}
	var err error
	if p.replaced, err = view.Replaced(ctx); err != nil {
		return nil, err
	}
	if p.begun, err = view.FirstSealed(ctx); err != nil {
		return nil, err
	}
	for h := max(first, p.begun); h <= last; h++ {
		p.read(h)
	}
	lost, err := view.LostHead(ctx)
	if err != nil {
		return nil, err
	}
	if !lost.IsZero() {
		p.problem("the chain does not contain the remembered %s", lost)
	}
	return p, p.checkSignatures(slices.Collect(maps.Values(p.seals))...)
}

// checkSignatures looks for seals that were not signed by a key of this archive. Without the
// public key beside the archive nothing is looked for.
func (p *prover) checkSignatures(seals ...*archive.Seal) error {
	wrong, _, err := p.view.Untrusted(p.ctx, seals)
	for _, s := range seals {
		if detail, is := wrong[s]; is {
			p.distrust[s.Hour] = detail
		}
	}
	for _, h := range slices.Sorted(maps.Keys(p.distrust)) {
		p.problem("hour %s: the seal is not to be trusted: %s", h, p.distrust[h])
	}
	return err
}

// read reads the seal of an hour. That it is missing or cannot be read is a problem.
func (p *prover) read(h archive.Hour) {
	s, err := p.view.Seal(p.ctx, h)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.problem("hour %s: the seal is missing", h)
	case err != nil:
		p.problem("hour %s: %v", h, err)
	default:
		p.seals[h] = s
		for _, name := range s.Expired {
			p.expired[name] = true
		}
	}
}

func (p *prover) problem(text string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(text, args...))
}

// missing looks for sealed activity files that are in none of the snapshots. wanted reports
// whether a sealed file can hold rows that matter.
func (p *prover) missing(snapshots []*archive.Snapshot, wanted func(archive.SealedFile) bool) {
	present := map[string]bool{}
	for _, s := range snapshots {
		for _, f := range s.Files {
			present[f.Name] = true
		}
	}
	for _, h := range slices.Sorted(maps.Keys(p.seals)) {
		s := p.seals[h]
		for _, f := range s.Files {
			if strings.HasPrefix(f.Name, "tenant=") && !present[f.Name] && !p.expired[f.Name] && wanted(f) {
				p.problem("%s: sealed with %d rows, and missing", f.Name, f.Rows)
			}
		}
	}
}

// prove compares a file of the snapshot with its seal.
func (p *prover) prove(snapshot *archive.Snapshot, file int) (proof Proof, err error) {
	f := snapshot.Files[file]
	proof = Proof{Name: f.Name, Open: f.Hour > snapshot.LastSealed && f.Hour >= p.begun}
	if proof.Open || slices.Contains(p.replaced, f.Name) {
		return proof, nil
	}
	s := p.seals[f.Hour]
	if s == nil {
		proof.Problem = "its hour has no readable seal"
	} else if sealed := s.File(f.Name); sealed == nil {
		proof.Problem = "the seal of its hour does not list it"
	} else {
		proof.SHA256, proof.Seal, proof.Key = sealed.SHA256, s.Digest, s.Key
		digest, err := snapshot.Hash(file)
		if err != nil {
			return proof, err
		}
		if digest != sealed.SHA256 {
			proof.Problem = fmt.Sprintf("it has SHA-256 %s, %s was sealed", digest, sealed.SHA256)
		} else if detail := p.distrust[f.Hour]; detail != "" {
			proof.Problem = "the seal of its hour is not to be trusted: " + detail
		}
	}
	if proof.Problem != "" {
		p.problem("%s: %s", f.Name, proof.Problem)
	}
	return proof, nil
}

// err is the refusal to use the archive; nil where there is no problem.
func (p *prover) err() error {
	if len(p.problems) == 0 {
		return nil
	}
	const shown = 20
	list := p.problems
	more := ""
	if len(list) > shown {
		list, more = list[:shown], fmt.Sprintf("\nand %d more", len(p.problems)-shown)
	}
	return fmt.Errorf("%w: restore these files from a copy, or allow unproven rows, which are marked then:\n%s%s", ErrUnproven, strings.Join(list, "\n"), more)
}
