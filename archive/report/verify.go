package report

import (
	"archive/zip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
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
	v := &Verification{Sheets: []Sheet{}}
	var err error
	v.Problems, err = verifyZip(r, size, "report", func(z *verifier) { v.verify(z, keys) })
	if err != nil {
		return nil, err
	}
	return v, nil
}

// reportTables are the sheets that a report has.
var reportTables = []string{"activities.csv", "history.csv", "summary.csv", "passwords.csv", "coverage.csv"}

func (v *Verification) verify(z *verifier, keys []ed25519.PublicKey) {
	var m Manifest
	text := z.manifest(&m)
	if text == nil {
		return
	}
	v.Made, v.Filter, v.Sheets, v.Notes, v.Archive = m.Made, m.Filter, m.Sheets, m.Notes, len(m.Archive)
	for _, p := range m.Archive {
		if p.Open {
			v.Open++
		}
	}
	for _, p := range m.Problems {
		z.blame(archive.Altered, packManifest, "the archive was not as it was sealed when the report was made: %s", p)
	}
	var seals []string
	for _, s := range m.Sheets {
		if layout.IsSeal(s.Name) {
			seals = append(seals, s.Name)
		}
	}
	_, trusted := z.seals(seals, keys)
	if m.SignedBy == "" && z.files[packSignature] == nil {
		z.blame(Unsigned, packManifest, "no key signed it, so that nothing proves the report: make it where the archive's signing key is")
	} else {
		v.SignedBy = z.signedBy(m.SignedBy, text, trusted)
	}
	z.checkSheets(m.Sheets, reportTables, func(_ string, counted int64) int64 { return counted })
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
