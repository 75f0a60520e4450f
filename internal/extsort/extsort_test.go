package extsort

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func all(t require.TestingT, s *Sorter) (list []string) {
	for entry, err := range s.All() {
		require.NoError(t, err)
		list = append(list, string(entry))
	}
	return list
}

// TestEntriesAreASortedSet however many of them fit into memory, also after they were read.
func TestEntriesAreASortedSet(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		s := Sorter{Memory: rapid.IntRange(1, 200).Draw(t, "memory")}
		var want []string
		for _, part := range rapid.SliceOfN(rapid.SliceOf(rapid.StringN(1, 4, 4)), 1, 3).Draw(t, "parts") {
			for _, entry := range part {
				require.NoError(t, s.Add([]byte(entry)))
				want = append(want, entry)
			}
			slices.Sort(want)
			want = slices.Compact(want)
			require.Equal(t, want, all(t, &s))
		}
		require.NoError(t, s.Close())
	})
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAFileThatIsCutIsAnError(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := Sorter{Memory: 1}
	require.NoError(t, s.Add([]byte("an entry")))
	require.Equal(t, []string{"an entry"}, all(t, &s))
	files, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.Truncate(files[0], 4))
	for _, err := range s.All() {
		require.Error(t, err)
	}
	require.NoError(t, s.Close())
}
