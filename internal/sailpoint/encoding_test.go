package sailpoint

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

func TestToUTF8(t *testing.T) {
	const text = `{"id":"7a71172b8b16f0e31b6e19860aca1c6f","name":"Zoë 日本 😀"}`
	f := func(endian unicode.Endianness, bom unicode.BOMPolicy) {
		t.Helper()
		encoded, err := unicode.UTF16(endian, bom).NewEncoder().Bytes([]byte(text))
		require.NoError(t, err)
		require.Equal(t, text, string(ToUTF8(encoded)))
	}
	f(unicode.LittleEndian, unicode.UseBOM)
	f(unicode.BigEndian, unicode.UseBOM)
	f(unicode.LittleEndian, unicode.IgnoreBOM)
	f(unicode.BigEndian, unicode.IgnoreBOM)
	for _, utf8 := range []string{"", "{", "{}", text, "\ufeff" + text, "\x00\x00\x00\x00", "\xff{}", "{\x00}\x00\x00\x00"} {
		require.Equal(t, utf8, string(ToUTF8([]byte(utf8))))
	}
	require.Equal(t, "{}\ufffd", string(ToUTF8([]byte("\xff\xfe{\x00}\x00x"))), "half a character")
}
