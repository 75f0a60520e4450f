package chain

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMerkle(t *testing.T) {
	var leaves []Hash
	for n := range 70 {
		tree := NewTree(leaves)
		root := tree.Root()
		var builder RootBuilder
		for _, l := range leaves {
			builder.Add(l)
		}
		require.Equal(t, root, builder.Root())
		for row := range leaves {
			path, err := tree.Path(row)
			require.NoError(t, err)
			require.True(t, Proves(root, leaves[row], int64(row), int64(n), path))
			require.False(t, Proves(root, Hash{9}, int64(row), int64(n), path))
			require.False(t, Proves(root, leaves[row], int64(row)+1, int64(n), path))
			require.False(t, Proves(root, leaves[row], int64(row), int64(n), append(path, Hash{})))
			if n > 1 {
				require.False(t, Proves(root, leaves[row], int64(row), int64(n), path[1:]))
			}
		}
		leaves = append(leaves, Hash{1, byte(n)})
	}
}

// FuzzParseSeal: a seal that can be read is one that Sign could have written: of
// this version, with the signed line as it was.
func FuzzParseSeal(f *testing.F) {
	keys, err := CreateKey(filepath.Join(f.TempDir(), "key.pem"))
	require.NoError(f, err)
	text, err := Sign(&Entry{}, keys[0])
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("{}\nAA==\n"))
	f.Add([]byte("{\"version\":1}\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("x", text)
		if err != nil {
			return
		}
		require.Equal(t, Version, s.Version)
		require.Equal(t, text[:len(s.Line)], s.Line)
		_ = s.SignedBy(Public(keys[0]))
	})
}
