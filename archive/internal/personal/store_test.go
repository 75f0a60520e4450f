package personal

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning/record"
)

func newStore(t *testing.T) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, Create(path))
	return reopened(t, path)
}

func reopened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func named(names ...string) (list []Person) {
	for _, n := range names {
		list = append(list, Person{Tenant: "acme", Identity: n})
	}
	return list
}

func TestPersonalFieldsAreTexts(t *testing.T) {
	n := 0
	for i := range record.Fields {
		if f := &record.Fields[i]; f.Personal {
			require.Equal(t, record.ValueText, f.Value, f.Column)
			require.False(t, f.LowCardinality, f.Column)
			n++
		}
	}
	require.Equal(t, 14, n)
}

func TestCellsOpenWithTheirKeyAlone(t *testing.T) {
	s := newStore(t)
	keys, err := s.Keys(named("ada", "bob"))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Just(strings.Repeat(rapid.String().Draw(t, "part"), 40))).Draw(t, "text")
		cell := keys[0].Seal("comment", text)
		require.Contains(t, cell, prefix)
		require.Equal(t, cell, keys[0].Seal("comment", text))
		require.NotEqual(t, cell, keys[1].Seal("comment", text))
		require.NotEqual(t, cell, keys[0].Seal("name", text))
		got, err := s.Show("comment", cell)
		require.NoError(t, err)
		require.Equal(t, text, got)
		_, err = s.Show("name", cell)
		require.Error(t, err, "a cell that was moved to another column")

		at := rapid.IntRange(len(prefix), len(cell)-1).Draw(t, "at")
		changed := cell[:at] + string(rapid.SampledFrom([]byte("ABz09+/")).Draw(t, "by")) + cell[at+1:]
		if got, err := s.Show("comment", changed); err == nil && changed != cell {
			require.Contains(t, []string{Encrypted, changed}, got, "the key id or the form is another one")
		}
	})
	require.Equal(t, "enc1:no", must(s.Show("comment", "enc1:no")))
	require.Equal(t, Encrypted, must((*Store)(nil).Show("comment", keys[0].Seal("comment", "x"))))
}

func must(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return text
}

func TestKeysAreKeptAndForgotten(t *testing.T) {
	s := newStore(t)
	first, err := s.Keys(named("ada", "bob", "ada"))
	require.NoError(t, err)
	require.Equal(t, first[0], first[2])
	cell := first[0].Seal("c", "text")
	other := reopened(t, s.path)
	same, err := other.Keys(named("ada", "cyd"))
	require.NoError(t, err)
	require.Equal(t, first[0], same[0])

	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	done, err := other.Forget(named("ada", "nobody"), now)
	require.NoError(t, err)
	require.Len(t, done, 1)
	require.Equal(t, first[0].ID.String(), done[0].Key)

	// The first store notices what another process did.
	again, err := s.Keys(named("ada", "cyd"))
	require.NoError(t, err)
	require.NotEqual(t, first[0].ID, again[0].ID)
	require.Equal(t, same[1], again[1])
	for _, store := range []*Store{s, other, reopened(t, s.path)} {
		require.Equal(t, Erased, must(store.Show("c", cell)))
	}
	have, before, err := s.Find(named("ada"))
	require.NoError(t, err)
	require.Len(t, have, 1, "a new key")
	require.Equal(t, done, before)

	list, err := s.Unstated()
	require.NoError(t, err)
	require.Equal(t, done, list)
	require.NoError(t, s.Stated(list))
	list, err = reopened(t, s.path).Unstated()
	require.NoError(t, err)
	require.Empty(t, list)
}

// TestProcessesShareTheStore: nobody gets two keys.
func TestProcessesShareTheStore(t *testing.T) {
	path := newStore(t).path
	var all [4][]*Key
	var running sync.WaitGroup
	for i := range all {
		s := reopened(t, path)
		running.Go(func() {
			for name := range strings.SplitSeq(strings.Repeat("abcdefgh", 4), "") {
				keys, err := s.Keys(named(name, name+"2"))
				if err == nil {
					all[i] = append(all[i], keys...)
				}
			}
		})
	}
	running.Wait()
	require.Len(t, all[0], 64)
	for _, keys := range all[1:] {
		require.Equal(t, all[0], keys)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 17*entrySize, info.Size())
}

// TestCrashOfAnAppend: what a crash left at the end is no key, and what is damaged in the
// middle is an error.
func TestCrashOfAnAppend(t *testing.T) {
	s := newStore(t)
	keys, err := s.Keys(named("ada", "bob"))
	require.NoError(t, err)
	whole, err := os.ReadFile(s.path)
	require.NoError(t, err)
	for _, tail := range [][]byte{make([]byte, 17), make([]byte, entrySize), make([]byte, 3*entrySize-5), whole[entrySize : entrySize+90]} {
		require.NoError(t, os.WriteFile(s.path, append(slices.Clip(whole), tail...), 0o600))
		after := reopened(t, s.path)
		same, err := after.Keys(named("ada", "bob", "cyd"))
		require.NoError(t, err)
		require.Equal(t, keys, same[:2])
		again, err := reopened(t, s.path).Keys(named("cyd"))
		require.NoError(t, err)
		require.Equal(t, same[2], again[0])
	}
	for _, at := range []int{0, 40, entrySize + 40, 2*entrySize + 100} {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 1
		require.NoError(t, os.WriteFile(s.path, damaged, 0o600))
		_, err := Open(s.path)
		require.Error(t, err, at)
		require.ErrorContains(t, err, s.path)
	}
}

func TestAStoreThatIsReplacedIsNoticed(t *testing.T) {
	s := newStore(t)
	require.ErrorIs(t, Create(s.path), fs.ErrExist)
	require.NoError(t, os.Remove(s.path))
	_, err := s.Keys(named("ada"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, Create(s.path))
	_, err = s.Keys(named("ada"))
	require.ErrorContains(t, err, "was replaced while it was in use")
	_, err = Open(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
