package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Verification is what Verify found of a report.
type Verification struct {
	Problems []archive.Problem `json:"problems"`
	Made     time.Time         `json:"made"`
	Filter   Filter            `json:"filter"`
	// SignedBy is the id of the trusted key that signed the manifest.
	SignedBy string   `json:"signed_by,omitempty"`
	Sheets   []Sheet  `json:"files"` // as the manifest lists them
	Archive  int      `json:"archive"`
	Open     int      `json:"open"` // of the archive's files: of hours that were not sealed yet
	Notes    []string `json:"notes,omitempty"`
}

// OK reports whether there are no problems.
func (v *Verification) OK() bool { return len(v.Problems) == 0 }

// Unsigned is the problem of a report whose manifest nobody signed: it may be what the
// archive held, and whoever changed it could have written its digests anew.
const Unsigned archive.ProblemKind = "unsigned"

// IsReport reports whether a zip is a report and not an evidence pack.
func IsReport(r io.ReaderAt, size int64) bool {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return false
	}
	f, err := z.Open(packManifest)
	if err != nil {
		return false
	}
	var m struct{ Filter, Subject json.RawMessage }
	err = json.NewDecoder(io.LimitReader(f, packLimit)).Decode(&m)
	return errors.Join(err, f.Close()) == nil && m.Filter != nil && m.Subject == nil
}

// Verify checks a report (zip) with the public keys alone: the signature of its manifest,
// every file against the manifest, and that none is missing or was added. A key is trusted
// that is given, or that a seal in the report by a trusted key names as the next one. It
// does not show whether the archive has more rows: make the report again and compare.
func Verify(r io.ReaderAt, size int64, keys []ed25519.PublicKey) (*Verification, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	v := &verifier{Verification: Verification{Problems: []archive.Problem{}, Sheets: []Sheet{}}, files: map[string]*zip.File{}}
	for _, f := range z.File {
		if v.files[f.Name] != nil {
			v.blame(archive.Added, f.Name, "occurs twice in the report")
			continue
		}
		v.files[f.Name] = f
	}
	v.verify(keys)
	slices.SortStableFunc(v.Problems, func(a, b archive.Problem) int { return cmp.Compare(a.Name, b.Name) })
	return &v.Verification, nil
}

type verifier struct {
	Verification
	files map[string]*zip.File
}

func (v *verifier) blame(kind archive.ProblemKind, name, detail string, args ...any) {
	v.Problems = append(v.Problems, archive.Problem{Kind: kind, Name: name, Detail: fmt.Sprintf(detail, args...)})
}

// text reads a small file; nil where it cannot be read.
func (v *verifier) text(name string) []byte {
	f := v.files[name]
	if f == nil {
		return nil
	}
	text, err := unpack(f)
	if err != nil {
		v.blame(archive.Altered, name, "cannot be unpacked: %v", err)
		return nil
	}
	return text
}

func (v *verifier) verify(keys []ed25519.PublicKey) {
	text := v.text(packManifest)
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if text == nil {
		v.blame(archive.Removed, packManifest, "is missing or unreadable: nothing can be checked without it")
		return
	}
	if err := d.Decode(&m); err != nil {
		v.blame(archive.Altered, packManifest, "cannot be read: %v", err)
		return
	}
	v.Made, v.Filter, v.Sheets, v.Notes, v.Archive = m.Made, m.Filter, m.Sheets, m.Notes, len(m.Archive)
	for _, p := range m.Archive {
		if p.Open {
			v.Open++
		}
	}
	for _, p := range m.Problems {
		v.blame(archive.Altered, packManifest, "the archive was not as it was sealed when the report was made: %s", p)
	}
	v.checkSignature(&m, text, v.trusted(&m, keys))
	v.checkFiles(&m)
}

// trusted returns the given keys and those that seals in the report name.
func (v *verifier) trusted(m *Manifest, keys []ed25519.PublicKey) map[string]ed25519.PublicKey {
	var seals []*archive.Seal
	for _, s := range m.Sheets {
		if !layout.IsSeal(s.Name) {
			continue
		}
		seal, err := chain.Parse(s.Name, v.text(s.Name))
		if err != nil {
			v.blame(archive.BadSeal, s.Name, "%v", err)
			continue
		}
		seals = append(seals, seal)
	}
	trusted, wrong := chain.Trust(seals, keys)
	for s, detail := range wrong {
		v.blame(archive.BadSeal, s.Name, "%s", detail)
	}
	return trusted
}

func (v *verifier) checkSignature(m *Manifest, manifest []byte, trusted map[string]ed25519.PublicKey) {
	signature := v.text(packSignature)
	if signature == nil && m.SignedBy == "" {
		v.blame(Unsigned, packManifest, "no key signed it, so that nothing proves the report: make it where the archive's signing key is")
		return
	}
	if signature == nil {
		v.blame(archive.Removed, packSignature, "the manifest is signed with key %s", m.SignedBy)
		return
	}
	key, err := checkSignature(manifest, signature, trusted)
	switch {
	case err != nil:
		v.blame(archive.BadSeal, packSignature, "%v", err)
	case key != m.SignedBy:
		v.blame(archive.BadSeal, packSignature, "is of key %s, the manifest names %q", key, m.SignedBy)
	default:
		v.SignedBy = key
	}
}

// reportTables are the sheets that a report has.
var reportTables = []string{"activities.csv", "history.csv", "summary.csv", "passwords.csv", "coverage.csv"}

func (v *verifier) checkFiles(m *Manifest) {
	listed := map[string]bool{packManifest: true, packSignature: true}
	for _, s := range m.Sheets {
		listed[s.Name] = true
		f := v.files[s.Name]
		if f == nil {
			v.blame(archive.Removed, s.Name, "the manifest lists it with %d rows", s.Rows)
			continue
		}
		digest, rows, err := digestOf(f)
		switch {
		case err != nil:
			v.blame(archive.Altered, s.Name, "cannot be unpacked: %v", err)
		case digest != s.SHA256:
			v.blame(archive.Altered, s.Name, "has SHA-256 %s and %d rows, the manifest states %s and %d rows", digest, rows, s.SHA256, s.Rows)
		case rows != s.Rows:
			v.blame(archive.Altered, packManifest, "states %d rows of %s, which has %d", s.Rows, s.Name, rows)
		}
	}
	for _, name := range reportTables {
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

// digestOf returns the SHA-256 of a file, and how many rows a CSV file has.
func digestOf(f *zip.File) (digest string, rows int64, err error) {
	r, err := f.Open()
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	h := sha256.New()
	content := io.TeeReader(r, h)
	if strings.HasSuffix(f.Name, ".csv") {
		table := csv.NewReader(content)
		table.ReuseRecord, table.FieldsPerRecord, table.LazyQuotes = true, -1, true
		for rows = -1; ; rows++ { // the heading is none
			if _, err := table.Read(); err != nil {
				break // the digest decides
			}
		}
		rows = max(rows, 0)
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), rows, nil
}
