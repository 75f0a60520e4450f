package filefeed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// cutUp splits a stream as the file feed does, with a buffer that grows from the
// given size, and what is left at the end as it is after the time-out.
func cutUp(stream []byte, buffer int) (out []string) {
	s := bufio.NewScanner(bytes.NewReader(stream))
	s.Buffer(make([]byte, 0, buffer), 1<<24)
	consumed := 0
	s.Split(func(data []byte, _ bool) (int, []byte, error) {
		advance, token := split(data)
		consumed += advance
		return advance, token, nil
	})
	take := func(_ int, piece []byte) { out = append(out, string(piece)) }
	read := func(at int, line []byte) bool {
		if !json.Valid(line) {
			return false
		}
		take(at, line)
		return true
	}
	for s.Scan() {
		pieces(bytes.Clone(s.Bytes()), read, take)
	}
	pieces(stream[consumed:], read, take)
	return out
}

func TestSplit(t *testing.T) {
	f := func(stream string, want ...string) {
		t.Helper()
		for _, buffer := range []int{1, 7, 4096} {
			require.Equal(t, want, cutUp([]byte(stream), buffer), "%s (buffer %d)", stream, buffer)
		}
	}
	f("")
	f(" \n[]\n, [ ]")
	f(`{"a":1}`, `{"a":1}`)
	f("{\"a\":1}\n{\"b\":2}\n", `{"a":1}`, `{"b":2}`)
	f(`[{"a":1}, {"b":[{"c":"}]\"{"}]}]`, `{"a":1}`, `{"b":[{"c":"}]\"{"}]}`)
	f("\ufeff{\n  \"a\": {\n\"x\": []\n}\n}\n[{\"b\":2}]{\"c\":3}", "{\n  \"a\": {\n\"x\": []\n}\n}", `{"b":2}`, `{"c":3}`)
	f("not json\n{\"a\":1}", "not json", `{"a":1}`)
	f("null\n", "null")
	// Truncated documents end where the next begins, or are left to salvage.
	f("{\"a\":\"tor\n{\"b\":2}", `{"a":"tor`, `{"b":2}`)
	f("{\"a\":1,\n{\"b\":2}\n", `{"a":1`, `{"b":2}`)
	f("{\"a\":1\n{\"b\":2}\n", `{"a":1`, `{"b":2}`)
	f("{\"a\":[1\n{\"b\":2}\n{\"c\":3}", `{"a":[1`, `{"b":2}`, `{"c":3}`)
	f("{\"a\":[\n{\"b\":2}\n{\"c\":3}", "{\"a\":[\n{\"b\":2}", `{"c":3}`)
	f("{\"a\":]}\n{\"b\":2}", `{"a":]}`, `{"b":2}`)
	f("{\"a\":{\"b\":1", `{"a":{"b":1`)
}

// TestSplitFindsEveryDocument: however documents are laid out, each is found
// whole, once, in order.
func TestSplitFindsEveryDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream strings.Builder
		var want []string
		text := rapid.SampledFrom([]string{"", "x", "{", "}", "[", "]", "\"", "\\", "\n{", ",", "é"})
		for range rapid.IntRange(0, 6).Draw(t, "documents") {
			document := map[string]any{
				text.Draw(t, "key"): rapid.SliceOfN(text, 0, 3).Draw(t, "list"),
				"n":                 map[string]any{text.Draw(t, "inner"): rapid.Int().Draw(t, "n")},
			}
			var data []byte
			if rapid.Bool().Draw(t, "pretty") {
				data, _ = json.MarshalIndent(document, "", rapid.SampledFrom([]string{"", "  ", "\t"}).Draw(t, "indent"))
			} else {
				data, _ = json.Marshal(document)
			}
			want = append(want, string(data))
			stream.WriteString(rapid.SampledFrom([]string{"", "[", " \r\n", "[\n"}).Draw(t, "before"))
			stream.Write(data)
			stream.WriteString(rapid.SampledFrom([]string{"", "\n", ",", "]\n", "\r\n,"}).Draw(t, "after"))
		}
		got := cutUp([]byte(stream.String()), rapid.IntRange(1, 64).Draw(t, "buffer"))
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Fatalf("%q\ngot  %q\nwant %q", stream.String(), got, want)
		}
	})
}

// FuzzSplit: the pieces are in the stream, in order, and nothing but separators
// lies between them.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"", `[{"a":1},{"b":2}]`, "{\"a\":\"tor\n{\"b\":2}", "x\n{}", "{\"a\":]}\n[{", strings.Repeat("[{\"a\":", 2000), "\xef\xbb\xbf{}\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		rest := stream
		for _, piece := range cutUp(stream, 16) {
			i := bytes.Index(rest, []byte(piece))
			if piece == "" || i < 0 || skip(rest[:i], 0) != i {
				t.Fatalf("%q in %q", piece, stream)
			}
			rest = rest[i+len(piece):]
		}
		if skip(rest, 0) != len(rest) {
			t.Fatalf("%q of %q is in no piece", rest, stream)
		}
	})
}
