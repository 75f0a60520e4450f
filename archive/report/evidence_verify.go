package report

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"slices"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// PackVerification is what VerifyEvidence found.
type PackVerification struct {
	Problems []archive.Problem `json:"problems"`
	Subject  Subject           `json:"subject"`
	Events   int               `json:"events"`
	Proven   int               `json:"proven"` // of those: by a seal of a trusted key
	Open     int               `json:"open"`   // of hours that were not sealed yet
	Seals    int               `json:"seals"`
	// SignedBy is the id of the trusted key that signed the manifest; without it nothing
	// proves coverage.csv and when the pack was made.
	SignedBy string `json:"signed_by,omitempty"`
}

// OK reports whether there are no problems.
func (v *PackVerification) OK() bool { return len(v.Problems) == 0 }

// VerifyEvidence checks an evidence pack with the public keys alone: each event against
// the Merkle root of its file, the root against its seal, the seal against the keys, and
// the document and the sheet against the events. A pack in which nothing is proven is a
// problem, and so is an event without a seal whose hour was over for a day when the pack
// was made. Only the signature of the manifest proves coverage.csv, and when the pack was
// made; it does not show whether the archive holds more about the subject.
func VerifyEvidence(pack io.ReaderAt, size int64, keys []ed25519.PublicKey) (*PackVerification, error) {
	v := &packVerifier{seals: map[string]*archive.Seal{}}
	problems, err := verifyZip(pack, size, "evidence pack", func(z *verifier) { v.verifier = z; v.verify(keys) })
	if err != nil {
		return nil, err
	}
	v.Problems = problems
	return &v.PackVerification, nil
}

type packVerifier struct {
	*verifier
	PackVerification
	pack   Pack
	seals  map[string]*archive.Seal // the trusted ones by name
	events []evidence
	// coverage is what coverage.csv has.
	coverage [][]string
}

func (v *packVerifier) verify(keys []ed25519.PublicKey) {
	text := v.manifest(&v.pack)
	if text == nil {
		return
	}
	if again, err := v.pack.text(); err != nil || !bytes.Equal(again, text) {
		v.blame(archive.Altered, packManifest, "is not written as the program writes it")
	}
	v.Subject = v.pack.Subject
	var err error
	if v.coverage, err = readCoverage(bytes.NewReader(v.text(packCoverage))); err != nil {
		v.blame(archive.Altered, packCoverage, "cannot be read: %v", err)
	}
	v.checkSheets(v.pack.Sheets, []string{packDocument, packSheet, packEvents, packProofs, packCoverage}, func(name string, counted int64) int64 {
		if name == packCoverage || layout.IsSeal(name) {
			return counted
		}
		return int64(v.pack.Events)
	})
	seals, trusted := v.verifier.seals(v.pack.Chain, keys)
	v.Seals = len(seals)
	for _, s := range seals {
		v.seals[s.Name] = s
	}
	if v.pack.SignedBy != "" {
		v.SignedBy = v.signedBy(v.pack.SignedBy, text, trusted)
	} else if v.files[packSignature] != nil {
		v.blame(archive.Added, packSignature, "the manifest does not list it")
	}
	v.checkFiles()
	if v.readEvents() {
		v.checkEvents()
		v.makeAgain()
	}
}

// checkFiles compares what the pack states of the archive's files with their seals.
func (v *packVerifier) checkFiles() {
	for _, f := range v.pack.Archive {
		if f.Seal == "" {
			if f != (PackFile{Name: f.Name, Problem: f.Problem}) {
				v.blame(archive.Altered, packManifest, "%s has digests and no seal", f.Name)
			}
			continue
		}
		s, ok := v.seals[f.Seal]
		if !ok {
			continue // it is to blame
		}
		i := slices.IndexFunc(s.Files, func(l chain.SealedFile) bool { return l.Name == f.Name })
		if i < 0 || s.Digest != f.Digest || s.Key != f.Key || s.Files[i].SHA256 != f.SHA256 || s.Files[i].Rows != f.Rows ||
			(s.Files[i].Merkle == nil) != (f.Merkle == nil) || f.Merkle != nil && *s.Files[i].Merkle != *f.Merkle {
			v.blame(archive.Altered, packManifest, "what it states of %s is not what %s states", f.Name, f.Seal)
		}
	}
}
