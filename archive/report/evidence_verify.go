package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/provtrail/provtrail/archive/internal/chain"

	"github.com/provtrail/provtrail/archive"
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

// packLimit is how much is read of one file of a pack: a zip can be made to unpack
// without end.
const packLimit = 1 << 30

// VerifyEvidence checks an evidence pack with the public keys alone: each event against
// the Merkle root of its file, the root against its seal, the seal against the keys, and
// the document and the sheet against the events. A pack in which nothing is proven is a
// problem, and so is an event without a seal whose hour was over for a day when the pack
// was made. Only the signature of the manifest proves coverage.csv, and when the pack was
// made; it does not show whether the archive holds more about the subject.
func VerifyEvidence(pack io.ReaderAt, size int64, keys []ed25519.PublicKey) (*PackVerification, error) {
	z, err := zip.NewReader(pack, size)
	if err != nil {
		return nil, fmt.Errorf("evidence pack: %w", err)
	}
	v := &packVerifier{PackVerification: PackVerification{Problems: []archive.Problem{}}, files: map[string][]byte{}}
	for _, f := range z.File {
		if _, twice := v.files[f.Name]; twice {
			v.blame(archive.Added, f.Name, "occurs twice in the pack")
			continue
		}
		if v.files[f.Name], err = unpack(f); err != nil {
			v.blame(archive.Altered, f.Name, "cannot be unpacked: %v", err)
		}
	}
	v.verify(keys)
	slices.SortStableFunc(v.Problems, func(a, b archive.Problem) int { return cmp.Compare(a.Name, b.Name) })
	return &v.PackVerification, nil
}

func unpack(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, packLimit+1))
	if err == nil && len(text) > packLimit {
		err = fmt.Errorf("has more than %d bytes", packLimit)
	}
	return text, errors.Join(err, r.Close())
}

type packVerifier struct {
	PackVerification
	files  map[string][]byte
	pack   Pack
	seals  map[string]*archive.Seal // the trusted ones by name
	events []evidence
	// coverage is what coverage.csv has.
	coverage [][]string
}

func (v *packVerifier) blame(kind archive.ProblemKind, name, detail string, args ...any) {
	v.Problems = append(v.Problems, archive.Problem{Kind: kind, Name: name, Detail: fmt.Sprintf(detail, args...)})
}

func (v *packVerifier) verify(keys []ed25519.PublicKey) {
	text, ok := v.files[packManifest]
	if !ok {
		v.blame(archive.Removed, packManifest, "is missing: this is not an evidence pack")
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v.pack); err != nil {
		v.blame(archive.Altered, packManifest, "cannot be read: %v", err)
		return
	}
	if again, err := v.pack.text(); err != nil || !bytes.Equal(again, text) {
		v.blame(archive.Altered, packManifest, "is not written as the program writes it")
	}
	v.Subject = v.pack.Subject
	var err error
	if v.coverage, err = readCoverage(bytes.NewReader(v.files[packCoverage])); err != nil {
		v.blame(archive.Altered, packCoverage, "cannot be read: %v", err)
	}
	v.checkDigests()
	v.checkSignature(text, v.readSeals(keys))
	v.checkFiles()
	if v.readEvents() {
		v.checkEvents()
		v.makeAgain()
	}
}

// checkDigests compares the files of the zip with the manifest.
func (v *packVerifier) checkDigests() {
	listed := map[string]bool{packManifest: true, packSignature: v.pack.SignedBy != ""}
	for _, s := range v.pack.Sheets {
		listed[s.Name] = true
		rows := int64(v.pack.Events)
		switch {
		case slices.Contains(v.pack.Chain, s.Name):
			rows = 0
		case s.Name == packCoverage:
			rows = int64(len(v.coverage))
		}
		if s.Rows != rows {
			v.blame(archive.Altered, packManifest, "states %[2]d rows of %[1]s", s.Name, s.Rows)
		}
		text, ok := v.files[s.Name]
		sum := sha256.Sum256(text)
		if !ok {
			v.blame(archive.Removed, s.Name, "the manifest lists it")
		} else if digest := hex.EncodeToString(sum[:]); digest != s.SHA256 {
			v.blame(archive.Altered, s.Name, "has SHA-256 %s, the manifest states %s", digest, s.SHA256)
		}
	}
	for _, name := range []string{packDocument, packSheet, packEvents, packProofs, packCoverage} {
		if !listed[name] {
			v.blame(archive.Removed, name, "the manifest does not list it")
		}
	}
	for name := range v.files {
		if !listed[name] {
			v.blame(archive.Added, name, "the manifest does not list it")
		}
	}
}

// checkSignature checks the signature of the manifest.
func (v *packVerifier) checkSignature(manifest []byte, trusted map[string]ed25519.PublicKey) {
	if v.pack.SignedBy == "" {
		return
	}
	signature, ok := v.files[packSignature]
	if !ok {
		v.blame(archive.Removed, packSignature, "the manifest is signed with key %s", v.pack.SignedBy)
		return
	}
	key, err := checkSignature(manifest, signature, trusted)
	switch {
	case err != nil:
		v.blame(archive.BadSeal, packSignature, "%v", err)
	case key != v.pack.SignedBy:
		v.blame(archive.BadSeal, packSignature, "is of key %s, the manifest names %s", key, v.pack.SignedBy)
	default:
		v.SignedBy = key
	}
}

// readSeals returns the trusted keys.
func (v *packVerifier) readSeals(keys []ed25519.PublicKey) map[string]ed25519.PublicKey {
	v.seals = map[string]*archive.Seal{}
	var seals []*archive.Seal
	for _, name := range v.pack.Chain {
		s, err := chain.Parse(name, v.files[name])
		if err != nil {
			v.blame(archive.BadSeal, name, "%v", err)
			continue
		}
		seals = append(seals, s)
	}
	trusted, wrong := chain.Trust(seals, keys)
	for _, s := range seals {
		if detail, ok := wrong[s]; ok {
			v.blame(archive.BadSeal, s.Name, "%s", detail)
			continue
		}
		v.seals[s.Name] = s
		v.Seals++
	}
	return trusted
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
