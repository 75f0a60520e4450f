package completeness

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocumentsAreCountedOnce: more than memory holds, each several times, in any order.
func TestDocumentsAreCountedOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const n, keys = 1_200_000, 3
	var d documents
	want := make([]held, keys+1)
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]document, 0, 2*n)
	for i := range n {
		doc := document{uint32(i % keys), random.Uint64()}
		want[doc.key].count++
		want[doc.key].digest ^= doc.hash
		list = append(list, doc, doc)
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for len(list) > 0 {
		k := min(len(list), 5000)
		require.NoError(t, d.add(list[:k]))
		list = list[k:]
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	got, err := d.count(keys + 1)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.NoError(t, d.sorted.Close())
	files, err = filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
	require.NoError(t, err)
	require.Empty(t, files, "nothing is left")
}
