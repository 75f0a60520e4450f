package report

import (
	"archive/zip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
)

// Sheet is one file of a zip.
type Sheet struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"` // without the heading
	SHA256 string `json:"sha256"`
}

// packer writes the files of a zip and lists them for its manifest.
type packer struct {
	zip    *zip.Writer
	made   time.Time
	sheets []Sheet
}

func newPacker(to io.Writer, made time.Time) *packer {
	return &packer{zip: zip.NewWriter(to), made: made, sheets: []Sheet{}}
}

// create begins a file of the zip.
func (p *packer) create(name string) (io.Writer, error) {
	return p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.made})
}

// file adds a file that the manifest lists.
func (p *packer) file(name string, write func(io.Writer) (rows int64, err error)) error {
	w, err := p.create(name)
	if err != nil {
		return err
	}
	h := sha256.New()
	rows, err := write(io.MultiWriter(w, h))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.sheets = append(p.sheets, Sheet{name, rows, hex.EncodeToString(h.Sum(nil))})
	return nil
}

// seals adds seals as they are stored.
func (p *packer) seals(list []*archive.Seal) error {
	for _, s := range list {
		if err := p.file(s.Name, func(w io.Writer) (int64, error) {
			_, err := w.Write(s.Text)
			return 0, err
		}); err != nil {
			return err
		}
	}
	return nil
}

// The names of the files that vouch for the others.
const (
	packManifest  = "manifest.json"
	packSignature = "manifest.sig"
)

// finish writes the manifest, and its signature where there is a key.
func (p *packer) finish(manifest []byte, key ed25519.PrivateKey) error {
	for _, f := range []struct {
		name string
		text []byte
	}{{packManifest, manifest}, {packSignature, sign(manifest, key)}} {
		if f.text == nil {
			continue
		}
		w, err := p.create(f.name)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.text); err != nil {
			return err
		}
	}
	return p.zip.Close()
}

// sign returns the text of manifest.sig: the id of the key, and the Ed25519 signature of
// exactly the bytes of the manifest in base64. A manifest has several lines, and what a
// seal signs has one, so that neither can be taken for the other.
func sign(manifest []byte, key ed25519.PrivateKey) []byte {
	if key == nil {
		return nil
	}
	return signatureText(chain.KeyID(chain.Public(key)), ed25519.Sign(key, manifest))
}

func signatureText(key string, signature []byte) []byte {
	return fmt.Appendf(nil, "%s %s\n", key, base64.StdEncoding.EncodeToString(signature))
}

// checkSignature returns the id of the key that signed the manifest.
func checkSignature(manifest, signature []byte, trusted map[string]ed25519.PublicKey) (string, error) {
	id, text, _ := strings.Cut(strings.TrimSuffix(string(signature), "\n"), " ")
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || string(signatureText(id, raw)) != string(signature) {
		return "", errors.New("is not a signature")
	}
	key, ok := trusted[id]
	if !ok {
		return "", fmt.Errorf("is of key %s, which is neither given nor named by a trusted seal", id)
	}
	if !ed25519.Verify(key, manifest, raw) {
		return "", fmt.Errorf("does not fit %s: one of them was altered", packManifest)
	}
	return id, nil
}

// LoadSigningKeys reads the keys that sign the manifests of reports on the archive at an
// address: from the named file, or else from archive.DefaultKeyFile. Without a name and
// without that file there are no keys, and reports are not signed.
func LoadSigningKeys(location, name string) (archive.Keys, error) {
	if name != "" {
		return archive.LoadKeys(name)
	}
	keys, err := archive.LoadKeys(archive.DefaultKeyFile(location))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return keys, err
}

// signer returns the key that signs manifests, nil without keys: the one that signs the
// archive's next seal where it is there, so that whoever trusts the chain trusts it. seals
// are those that pass signing on from one key to the next.
func signer(ctx context.Context, view *archive.View, keys archive.Keys) (key ed25519.PrivateKey, seals []*archive.Seal, err error) {
	if len(keys) == 0 {
		return nil, nil, nil
	}
	key = keys[0]
	last, sealed, err := view.LastSealed(ctx)
	if err != nil || !sealed {
		return key, nil, err
	}
	s, err := view.Seal(ctx, last)
	if err != nil {
		return nil, nil, fmt.Errorf("last seal: %w", err)
	}
	if k := keys.ByID(s.Key); k != nil {
		key = k
	}
	if s.NextKey != nil {
		if k := keys.ByID(chain.KeyID(s.NextKey)); k != nil {
			key = k
		}
	}
	seals, err = view.Handovers(ctx)
	return key, seals, err
}
