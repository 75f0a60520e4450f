package chain

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Version of the entries that this program writes and reads.
const Version = 1

// Seal is a seal as it was read. Its file has two lines: the entry in JSON, and the
// Ed25519 signature of exactly the bytes of the first line in base64.
type Seal struct {
	Entry
	Name      string // path within the archive
	Digest    string // SHA-256 of the file
	Text      []byte // the file
	Line      []byte // what is signed
	Signature []byte
}

// SignedBy reports whether the key signed the seal.
func (s *Seal) SignedBy(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, s.Line, s.Signature)
}

// Sign sets the version and the key of an entry and returns the text of its seal.
func Sign(e *Entry, key ed25519.PrivateKey) ([]byte, error) {
	e.Version, e.Key = Version, KeyID(Public(key))
	return signedText(e, key)
}

// signedText is a value in JSON, which has no line break, and the signature of that line.
func signedText(v any, key ed25519.PrivateKey) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(key, line))
	return append(append(append(line, '\n'), signature...), '\n'), nil
}

// parseSigned is the inverse of signedText. It does not check the signature.
func parseSigned(text []byte, v any) (line, signature []byte, err error) {
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) != 3 || len(lines[2]) != 0 {
		return nil, nil, errors.New("want two lines")
	}
	d := json.NewDecoder(bytes.NewReader(lines[0]))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return lines[0], nil, err
	}
	signature, err = base64.StdEncoding.Strict().DecodeString(string(lines[1]))
	return lines[0], signature, err
}

// ErrNoSeal says that a file is not a seal.
var ErrNoSeal = errors.New("is not a seal: want two lines, an entry in JSON and its signature in base64")

// Parse reads the text of a seal. It does not check the signature. The Seal is set as
// far as the text could be read, also with an error.
func Parse(name string, text []byte) (*Seal, error) {
	s := &Seal{Name: name, Digest: Digest(text), Text: text}
	var err error
	if s.Line, s.Signature, err = parseSigned(text, &s.Entry); err != nil {
		return s, fmt.Errorf("%s %w: %w", name, ErrNoSeal, err)
	}
	if s.Version != Version {
		return s, fmt.Errorf("%s has version %d, this program reads %d: use a newer provtrail", name, s.Version, Version)
	}
	return s, nil
}

// Digest returns the SHA-256 of a text in hexadecimal.
func Digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Read reads a seal of the store.
func Read(ctx context.Context, s blobstore.Store, name string) (*Seal, error) {
	text, err := s.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return Parse(name, text)
}

// Last returns the name of the last seal, empty where there is none.
func Last(ctx context.Context, s blobstore.Store) (string, error) {
	days, err := s.Names(ctx, layout.ChainDir)
	if err != nil {
		return "", err
	}
	for _, day := range slices.Backward(days) {
		if !strings.HasPrefix(day, "date=") {
			continue
		}
		hours, err := s.Names(ctx, path.Join(layout.ChainDir, day))
		if err != nil {
			return "", err
		}
		for _, hour := range slices.Backward(hours) {
			name := path.Join(layout.ChainDir, day, hour)
			if _, ok := layout.ParseSeal(name); ok {
				return name, nil
			}
		}
	}
	if slices.Contains(days, path.Base(layout.GenesisName)) {
		return layout.GenesisName, nil
	}
	return "", nil
}
