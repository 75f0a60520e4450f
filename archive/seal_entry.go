package archive

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Entry is what the archive promises of one hour: one link of the chain.
type Entry struct {
	Version int    `json:"version"`
	Archive string `json:"archive"` // random, the same in every entry
	Hour    Hour   `json:"hour"`
	// Previous is the SHA-256 of the seal before this one, as it lies on the disk.
	Previous string    `json:"previous,omitempty"`
	SealedAt time.Time `json:"sealed_at"`
	Key      string    `json:"key"` // KeyID of the key that signs this entry
	// NextKey is the public key that signs from the next entry on.
	NextKey []byte `json:"next_key,omitempty"`

	Files []SealedFile `json:"files,omitempty"`
	// Gaps are the times within the hour in which no process wrote the archive.
	Gaps []Period `json:"gaps,omitempty"`
	// Expired are the files of earlier hours that retention removed after this
	// entry was signed.
	Expired []string `json:"expired,omitempty"`
}

// SealedFile is one file of a sealed hour.
type SealedFile struct {
	Name   string `json:"name"` // path within the archive, with slashes
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
	Rows   int64  `json:"rows"`
	// Repeated is how many rows were left out because their event id was there.
	Repeated int64      `json:"repeated,omitempty"`
	First    *time.Time `json:"first,omitempty"` // least and greatest time of the rows
	Last     *time.Time `json:"last,omitempty"`
	// Merkle is the root of the Merkle tree (RFC 6962) over the rows in their order,
	// see Leaf. By it one row can be proven without the others.
	Merkle *Hash `json:"merkle,omitempty"`
	// Damaged says why a file could not be read when the hour was sealed. It is
	// kept and listed as it was.
	Damaged string `json:"damaged,omitempty"`
}

// Period is a time from From up to To.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

const (
	entryVersion = 1
	chainDir     = "_chain"
	sealSuffix   = ".seal"
	genesisName  = chainDir + "/genesis" + sealSuffix
)

// MarshalText writes the hour as String does.
func (h Hour) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hour) UnmarshalText(text []byte) error {
	t, err := time.Parse("2006-01-02T15Z", string(text))
	*h = HourOf(t)
	return err
}

// sealName is the path of an hour's seal within the archive.
func sealName(h Hour) string {
	return path.Join(chainDir, h.Start().Format("date=2006-01-02"), h.Start().Format("hour=15")+sealSuffix)
}

// parseSealName reads what sealName writes.
func parseSealName(name string) (Hour, bool) {
	dir, ok := strings.CutPrefix(name, chainDir+"/")
	if !ok {
		return 0, false
	}
	dir, ok = strings.CutSuffix(dir, sealSuffix)
	if !ok {
		return 0, false
	}
	return parseHourDir(dir)
}

// A seal's file is two lines: the entry as JSON, and the signature of exactly the
// bytes of the first in base64.

func signEntry(e *Entry, key ed25519.PrivateKey) ([]byte, error) {
	e.Version, e.Key = entryVersion, KeyID(public(key))
	line, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(key, line))
	return append(append(append(line, '\n'), signature...), '\n'), nil
}

// seal is a seal's file as it was read.
type seal struct {
	Entry
	digest    string // of the whole file
	line      []byte
	signature []byte
}

var errNoSeal = errors.New("is no seal: two lines, an entry in JSON and its signature in base64")

func parseSeal(text []byte) (*seal, error) {
	s := &seal{digest: digestOf(text)}
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) != 3 || len(lines[2]) != 0 {
		return s, errNoSeal
	}
	s.line = lines[0]
	d := json.NewDecoder(bytes.NewReader(s.line))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.Entry); err != nil {
		return s, fmt.Errorf("%w: %w", errNoSeal, err)
	}
	var err error
	if s.signature, err = base64.StdEncoding.Strict().DecodeString(string(lines[1])); err != nil {
		return s, fmt.Errorf("%w: %w", errNoSeal, err)
	}
	if s.Version != entryVersion {
		return s, fmt.Errorf("has version %d, this program reads %d: use a newer provtrail", s.Version, entryVersion)
	}
	return s, nil
}

func (s *seal) signedBy(key ed25519.PublicKey) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, s.line, s.signature)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
