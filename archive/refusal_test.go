package archive

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAMissingKeyIsARefusal: a chain never goes on with a key that was created because
// the key file was missing.
func TestAMissingKeyIsARefusal(t *testing.T) {
	dir, key := t.TempDir(), filepath.Join(t.TempDir(), "key.pem")
	s := &sealer{t: t, dir: dir, now: noon, opt: Options{KeyFile: key, noSync: true}}
	s.start()
	require.FileExists(t, key, "a new archive gets a key")
	s.restart()
	require.NoError(t, s.Close())
	require.NoError(t, os.Rename(key, key+".lost"))
	_, err := Open(context.Background(), dir, s.opt)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "signing key is missing")
	require.NoFileExists(t, key)
	require.NoError(t, os.Rename(key+".lost", key))
	s.start()
	require.NoError(t, s.Close())
}

// TestSymbolicLinks: an archive may be a symbolic link; one within it is a finding.
func TestSymbolicLinks(t *testing.T) {
	s := rich(t)
	dir, link := s.dir, filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	s.dir = link
	v := s.verify()
	require.Empty(t, v.Problems)
	require.Equal(t, 15, v.Files)

	f := s.entry(HourOf(noon) + 5).Files[0]
	outside := filepath.Join(t.TempDir(), "x.parquet")
	require.NoError(t, os.Rename(filepath.Join(dir, f.Name), outside))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, f.Name)))
	problems := s.verify().Problems
	require.Len(t, problems, 1)
	require.Equal(t, f.Name, problems[0].Name)
	require.Contains(t, problems[0].Detail, "symbolic link")
	_, read := readAll(t, link)[f.Name]
	require.False(t, read, "a symbolic link is not read")
}
