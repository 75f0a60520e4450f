package chain

import (
	"crypto/ed25519"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "key.pem")
	_, err := LoadKeys(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	made, err := CreateKey(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	again, err := LoadKeys(path)
	require.NoError(t, err)
	require.Equal(t, made, again)
	publics, err := LoadPublicKeys(PublicKeyPath(path))
	require.NoError(t, err)
	require.Equal(t, []ed25519.PublicKey{Public(made[0])}, publics)
	_, err = LoadKeys(PublicKeyPath(path))
	require.ErrorContains(t, err, "not an Ed25519 private key")
	_, err = LoadPublicKeys(path)
	require.ErrorContains(t, err, "not an Ed25519 public key")
	require.NoError(t, os.WriteFile(path, []byte("junk"), 0o600))
	_, err = LoadKeys(path)
	require.ErrorContains(t, err, "holds no PEM block")
}
