package envelope

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOpenReturnsThePayload(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version, payload := rapid.Byte().Draw(t, "version"), rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		got, err := Open(version, Seal(version, payload))
		require.NoError(t, err)
		require.True(t, slices.Equal(payload, got))
	})
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	value := Append([]byte("before"), 3, []byte("payload"))
	require.Equal(t, "before", string(value[:6]))
	require.Equal(t, Seal(3, []byte("payload")), value[6:])
}

func TestEveryChangeIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := Seal(1, rapid.SliceOf(rapid.Byte()).Draw(t, "payload"))
		value[rapid.IntRange(0, len(value)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		_, err := Open(1, value)
		require.Error(t, err)
		require.NotErrorIs(t, err, ErrVersion, "a damaged version is damage")
	})
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	value := Seal(2, []byte("payload"))
	f := func(version byte, value []byte, want error, text string) {
		t.Helper()
		_, err := Open(version, value)
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, text)
	}
	f(1, value, ErrVersion, "unknown version 2: this program reads version 1")
	f(2, nil, ErrCut, "0 bytes, an envelope alone has 9")
	f(2, value[:Size-1], ErrCut, "8 bytes, an envelope alone has 9")
	f(2, value[:Size+3], ErrCut, "3 bytes of 7")
	f(2, append(slices.Clone(value), 0), ErrDamaged, "1 bytes follow its end")
	damaged := slices.Clone(value)
	damaged[Size] ^= 1
	f(2, damaged, ErrDamaged, "its checksum is")
}

func FuzzOpen(f *testing.F) {
	f.Add(byte(1), Seal(1, []byte("payload")))
	f.Fuzz(func(t *testing.T, version byte, value []byte) {
		payload, err := Open(version, value)
		if err == nil {
			require.Equal(t, Seal(version, payload), value)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	payload := make([]byte, 200)
	var value []byte
	b.ReportAllocs()
	for b.Loop() {
		value = Append(value[:0], 1, payload)
	}
	_ = value
}
