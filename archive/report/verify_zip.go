package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
)

// packLimit is how much is read of one file of a zip: it can be made to unpack without end.
const packLimit = 1 << 30

// verifier has the files of a report or an evidence pack, and what is wrong with them.
type verifier struct {
	files    map[string]*zip.File
	problems []archive.Problem
}

// verifyZip calls verify with the files of a zip and returns what is wrong with them, by name.
func verifyZip(r io.ReaderAt, size int64, what string, verify func(*verifier)) ([]archive.Problem, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	v := &verifier{map[string]*zip.File{}, []archive.Problem{}}
	for _, f := range z.File {
		if v.files[f.Name] != nil {
			v.blame(archive.Added, f.Name, "occurs twice in the %s", what)
			continue
		}
		v.files[f.Name] = f
	}
	verify(v)
	slices.SortStableFunc(v.problems, func(a, b archive.Problem) int { return cmp.Compare(a.Name, b.Name) })
	return v.problems, nil
}

func (v *verifier) blame(kind archive.ProblemKind, name, detail string, args ...any) {
	v.problems = append(v.problems, archive.Problem{Kind: kind, Name: name, Detail: fmt.Sprintf(detail, args...)})
}

// text reads a file; nil where it is not there or cannot be read.
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

// manifest reads the manifest; nil where it cannot be read.
func (v *verifier) manifest(to any) []byte {
	text := v.text(packManifest)
	if text == nil {
		v.blame(archive.Removed, packManifest, "is missing or unreadable: nothing can be checked without it")
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		v.blame(archive.Altered, packManifest, "cannot be read: %v", err)
		return nil
	}
	return text
}

// seals reads seals. It returns those that a trusted key signed, and the trusted keys: the
// given ones and those that such seals name.
func (v *verifier) seals(names []string, keys []ed25519.PublicKey) (signed []*archive.Seal, trusted map[string]ed25519.PublicKey) {
	for _, name := range names {
		seal, err := chain.Parse(name, v.text(name))
		if err != nil {
			v.blame(archive.BadSeal, name, "%v", err)
			continue
		}
		signed = append(signed, seal)
	}
	trusted, wrong := chain.Trust(signed, keys)
	for s, detail := range wrong {
		v.blame(archive.BadSeal, s.Name, "%s", detail)
	}
	return slices.DeleteFunc(signed, func(s *archive.Seal) bool { _, bad := wrong[s]; return bad }), trusted
}

// signedBy returns the key that signed the manifest, which names it; empty where it did not.
func (v *verifier) signedBy(named string, manifest []byte, trusted map[string]ed25519.PublicKey) string {
	signature := v.text(packSignature)
	if signature == nil {
		v.blame(archive.Removed, packSignature, "the manifest is signed with key %s", named)
		return ""
	}
	key, err := checkSignature(manifest, signature, trusted)
	if err == nil && key != named {
		err = fmt.Errorf("is of key %s, the manifest names %q", key, named)
	}
	if err != nil {
		v.blame(archive.BadSeal, packSignature, "%v", err)
		return ""
	}
	return key
}

// checkSheets compares the files with those that the manifest lists, which must be all of some
// and no others than these and the manifest's own. rowsOf returns how many rows a file has, of
// which so many were counted if it is a CSV file.
func (v *verifier) checkSheets(sheets []Sheet, all []string, rowsOf func(name string, counted int64) int64) {
	listed := map[string]bool{packManifest: true, packSignature: true}
	for _, s := range sheets {
		listed[s.Name] = true
		f := v.files[s.Name]
		if f == nil {
			v.blame(archive.Removed, s.Name, "the manifest lists it with %d rows", s.Rows)
			continue
		}
		digest, counted, err := digestOf(f)
		rows := rowsOf(s.Name, counted)
		switch {
		case err != nil:
			v.blame(archive.Altered, s.Name, "cannot be unpacked: %v", err)
		case digest != s.SHA256:
			v.blame(archive.Altered, s.Name, "has SHA-256 %s and %d rows, the manifest states %s and %d rows", digest, rows, s.SHA256, s.Rows)
		case rows != s.Rows:
			v.blame(archive.Altered, packManifest, "states %d rows of %s, which has %d", s.Rows, s.Name, rows)
		}
	}
	for _, name := range all {
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
