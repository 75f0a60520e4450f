package chain

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
)

// Keys sign the seals. The first is in use, the others were used earlier: where the
// last seal was signed by one of them, that key signs one more seal, which names the
// first key as the next one.
type Keys []ed25519.PrivateKey

const (
	privateBlock = "PRIVATE KEY" // PKCS #8, as openssl genpkey -algorithm ed25519 writes
	publicBlock  = "PUBLIC KEY"  // PKIX, as openssl pkey -pubout writes
)

// LoadKeys reads the Ed25519 keys of a PEM file. The error wraps fs.ErrNotExist where
// there is no such file.
func LoadKeys(path string) (Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the archive's signing key: %w", err)
	}
	var keys Keys
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, ok := key.(ed25519.PrivateKey)
		if err != nil || block.Type != privateBlock || !ok {
			return nil, fmt.Errorf("signing key %s: PEM block %d (%s) is not an Ed25519 private key in PKCS #8", path, len(keys)+1, block.Type)
		}
		keys = append(keys, private)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("signing key %s holds no PEM block %q: make one with openssl genpkey -algorithm ed25519, or remove the file to have a key created", path, privateBlock)
	}
	return keys, nil
}

// CreateKey writes a new key to a PEM file that only its owner may read, and beside it
// the public key, which is all that verifying needs.
func CreateKey(path string) (Keys, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		os.MkdirAll(filepath.Dir(path), 0o750),
		writePEM(path, 0o600, privateBlock, private, x509.MarshalPKCS8PrivateKey),
		writePEM(PublicKeyPath(path), 0o644, publicBlock, crypto.PublicKey(public), x509.MarshalPKIXPublicKey),
		blobstore.SyncDir(filepath.Dir(path)),
	); err != nil {
		return nil, fmt.Errorf("create the archive's signing key: %w", err)
	}
	return Keys{private}, nil
}

// PublicKeyPath returns where LoadKeys writes the public key of a new private key.
func PublicKeyPath(private string) string { return private + ".pub" }

func writePEM[K any](path string, mode os.FileMode, block string, key K, marshal func(any) ([]byte, error)) error {
	der, err := marshal(key)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: block, Bytes: der}), f.Sync(), f.Close())
}

// LoadPublicKeys reads the Ed25519 public keys of a PEM file.
func LoadPublicKeys(path string) ([]ed25519.PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the archive's public key: %w", err)
	}
	var keys []ed25519.PublicKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := key.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("public key %s: PEM block %d (%s) is not an Ed25519 public key", path, len(keys)+1, block.Type)
		}
		keys = append(keys, public)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("public key %s holds no PEM block %q", path, publicBlock)
	}
	return keys, nil
}

// KeyID returns the name of a key in seals: the start of its SHA-256.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// Public returns the public half of a key.
func Public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// ByID returns the key with a KeyID, nil where there is none.
func (k Keys) ByID(id string) ed25519.PrivateKey {
	for _, key := range k {
		if KeyID(Public(key)) == id {
			return key
		}
	}
	return nil
}
