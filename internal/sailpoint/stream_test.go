package sailpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

// readStream reads a stream through a window that begins with a size and grows when it
// holds nothing whole, as the file feed does.
func readStream(stream []byte, window int) *Result {
	p := &Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	to := &Result{}
	for read, size := 0, window; ; {
		end := min(read+size, len(stream))
		n := p.ParseStream(stream[read:end], int64(read), end == len(stream), 1, to)
		if read += n; read == len(stream) {
			return to
		}
		if size = window; n == 0 {
			size = 2 * (end - read)
		}
	}
}

func groupsOf(r *Result) (groups []string) {
	for i := range r.Observations {
		groups = append(groups, r.Observations[i].GroupID)
	}
	return groups
}

func streamDocument(group string) string {
	return `{"id":"` + group + `","items":[{"id":"i{","provisioningStatus":"PENDING","value":"a}\"]"}]}`
}

func indented(document, prefix, indent string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(document), prefix, indent); err != nil {
		panic(err)
	}
	return prefix + b.String()
}

func TestStream(t *testing.T) {
	a, b, c := streamDocument("a"), streamDocument("b"), streamDocument("c")
	// damage is what must be rejected, in order.
	f := func(stream, groups string, damage ...string) {
		t.Helper()
		for _, window := range []int{1, 7, 4096} {
			r := readStream([]byte(stream), window)
			require.Equal(t, groups, strings.Join(groupsOf(r), ""), "%s (window %d)", stream, window)
			var rejected []string
			for _, x := range r.Rejected {
				rejected = append(rejected, stream[x.Offset:x.Offset+x.Size])
			}
			require.Equal(t, damage, rejected, "%s (window %d)", stream, window)
		}
	}
	f("", "")
	f(" \n[]\n, [ ]", "")
	f(a, "a")
	f(a+"\n"+b+"\r\n"+c+"\r\n", "abc")
	f("["+a+", "+b+"]"+c, "abc")
	f("\ufeff"+indented(a, "", "  ")+"\n["+b+"]"+c, "abc")
	f(a+b+c, "abc")
	f("not json\n"+a, "a", "not json")
	f("null\n", "", "null")
	// Truncated documents end where the next begins.
	f("{\"x\":\"tor\n"+a, "a", `{"x":"tor`)
	f("{\"x\":\"tor"+a+b, "ab", `{"x":"tor`)
	f("{\"x\":1,\n"+a+"\n", "a", `{"x":1`)
	f("{\"x\":1\n"+a, "a", `{"x":1`)
	f("{\"x\":[1\n"+a+"\n"+b, "ab", `{"x":[1`)
	f("{\"x\":[\n"+a+"\n"+b, "ab", `{"x":[`)
	f("[{\"x\":[\n"+a+","+b+","+c+"]", "abc", `{"x":[`)
	f("[{\"x\":{\"y\":\n"+a+","+b+"]", "ab", `{"x":{"y":`)
	f("{\"x\":]}\n"+a, "a", `{"x":]}`)
	f("{\"a\":{\"b\":1", "", `{"a":{"b":1`)
	// Damage in the middle costs the document it is in. Its parts are one piece.
	f(a+"\n"+strings.Replace(b, `"items":[`, `"items":[`+"\x00", 1)+"\n"+c, "ac", strings.Replace(b, `"items":[`, `"items":[`+"\x00", 1))
	f(`son"},"target":{"name":"x"},"attributes":{"y":{}}},`+"\n  "+indented(a, "  ", " ")+",\n  "+b+"]", "ab", `son"},"target":{"name":"x"},"attributes":{"y":{}}}`)
	// A document that is whole and not understood is a piece by itself.
	f(a+"\n{\"hello\":{\"id\":1}}\n{\"id\":5,\"items\":[]}\n"+b, "ab", `{"hello":{"id":1}}`, `{"id":5,"items":[]}`)
}

// TestStreamOverwrittenInPlace: behind a shorter export lies the tail of a longer one.
func TestStreamOverwrittenInPlace(t *testing.T) {
	export := func(from, to int) string {
		var documents []json.RawMessage
		for i := from; i < to; i++ {
			documents = append(documents, json.RawMessage(streamDocument(fmt.Sprint("g", i))))
		}
		text, err := json.MarshalIndent(documents, "", "  ")
		require.NoError(t, err)
		return string(text)
	}
	long, short := export(100, 1100), export(0, 50)
	tail := long[len(short):]
	r := readStream([]byte(short+tail), 1<<16)
	groups := groupsOf(r)
	for i := range 50 {
		require.Contains(t, groups, fmt.Sprint("g", i))
	}
	whole := 0
	for i := 100; i < 1100; i++ {
		if strings.Contains(tail, fmt.Sprintf(`"id": "g%d"`, i)) {
			whole++
			require.Contains(t, groups, fmt.Sprint("g", i))
		}
	}
	require.Greater(t, whole, 900)
	require.Len(t, groups, 50+whole)
	require.Len(t, r.Rejected, 1, "the document that was cut")
	require.EqualValues(t, len(short), r.Rejected[0].Offset)
}

// TestStreamReadsEveryDocument: whatever lies between documents, each whole one is read
// once, in order, and what is rejected is all the damage and nothing else.
func TestStreamReadsEveryDocument(t *testing.T) {
	text := rapid.SampledFrom([]string{"x", "{", "}", "[", "]", "\"", "\\", "\n{", ",", "é", ":"})
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		var want []string
		good := map[int]bool{} // the bytes of whole documents
		next := func() string {
			group := fmt.Sprintf("g%d", len(want))
			document, _ := json.Marshal(map[string]any{
				"id": group, "items": []any{map[string]any{
					"id": text.Draw(t, "id"), "provisioningStatus": "PENDING", "value": strings.Join(rapid.SliceOfN(text, 0, 3).Draw(t, "value"), ""),
					"requesterComment": map[string]any{"body": text.Draw(t, "comment")},
				}},
			})
			if indent := rapid.SampledFrom([]string{"-", "", "  ", "\t"}).Draw(t, "indent"); indent != "-" {
				document = []byte(indented(string(document), rapid.SampledFrom([]string{"", "  "}).Draw(t, "prefix"), indent))
			}
			return string(document)
		}
		for range rapid.IntRange(0, 8).Draw(t, "pieces") {
			document := strings.TrimSpace(next())
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0: // a cut head
				stream.WriteString(document[:rapid.IntRange(0, len(document)-1).Draw(t, "cut")])
				// Without it, a cut head, documents and a cut tail may be one object.
				stream.WriteString("\x00")
			case 1: // a cut tail
				stream.WriteString(document[rapid.IntRange(1, len(document)-1).Draw(t, "cut"):])
			case 2:
				stream.WriteString(rapid.SampledFrom([]string{"\x00\x00\x00", "}", "garbage", "{", "{\"", "\"", "{}", "{{", "]}", "\xff\xfe", "{\"a\":["}).Draw(t, "garbage"))
				stream.WriteString("\x00")
			default:
				stream.WriteString(rapid.SampledFrom([]string{"", "[", " \r\n", "[\n"}).Draw(t, "before"))
				for i := range len(document) {
					good[stream.Len()+i] = true
				}
				stream.WriteString(document)
				want = append(want, fmt.Sprintf("g%d", len(want)))
			}
			stream.WriteString(rapid.SampledFrom([]string{"", "\n", ",", "]\n", "\r\n,"}).Draw(t, "after"))
		}
		r := readStream(stream.Bytes(), rapid.IntRange(1, 5000).Draw(t, "window"))
		if got := groupsOf(r); !slices.Equal(got, want) {
			t.Fatalf("%q\ngot  %q\nwant %q", stream.String(), got, want)
		}
		damaged := map[int]bool{}
		for _, x := range r.Rejected {
			for i := x.Offset; i < x.Offset+x.Size; i++ {
				if good[int(i)] && !blank(stream.Bytes()[i]) || damaged[int(i)] {
					t.Fatalf("%q: byte %d is good, or rejected twice", stream.String(), i)
				}
				damaged[int(i)] = true
			}
		}
		for i := range stream.Len() {
			if !good[i] && !damaged[i] && skipSeparators(stream.Bytes()[i:i+1], 0) == 0 {
				t.Fatalf("%q: byte %d is in no piece", stream.String(), i)
			}
		}
	})
}

// TestStreamIsLinear: the scanner looks at each byte of hostile text a few times at most.
func TestStreamIsLinear(t *testing.T) {
	for _, pattern := range []string{"[", "{", "\"", "{\"", "{\"a\":", "[{\"a\":[", "{\"a\":{}", "{\"a\\\"", "{}", "{\"a\":[{}]}", "\"{", "{ ", "]}", "{\"a\":\"{", "{\"a{\":1,"} {
		data := []byte(strings.Repeat(pattern, (2<<20)/len(pattern)))
		var s scanner
		looked := 0
		for i := 0; i < len(data); {
			found := bytes.IndexByte(data[i:], '{')
			if found < 0 {
				break
			}
			i += found
			next, _ := s.object(data, i)
			require.Greater(t, next, i, pattern)
			looked += s.to + 1 - i
			i = next
		}
		require.LessOrEqual(t, looked, 6*len(data), pattern)
	}
}

// TestStreamBoundsWhatIsRejected: hostile text does not become a record for each few bytes.
func TestStreamBoundsWhatIsRejected(t *testing.T) {
	hostile := strings.Repeat("{}", 1<<16)
	r := readStream([]byte(hostile+streamDocument("a")+hostile), 1<<20)
	require.Equal(t, []string{"a"}, groupsOf(r))
	require.Len(t, r.Rejected, maxRefused+2)
	total := int64(0)
	for _, x := range r.Rejected {
		total += x.Size
	}
	require.EqualValues(t, 2*len(hostile), total, "all of it is accounted for")
}

// FuzzStream: the window does not change what is read, and what is rejected lies in the stream.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		"", `[{"a":1},{"b":2}]`, "{\"a\":\"tor\n{\"b\":2}", "x\n{}", "{\"a\":]}\n[{", strings.Repeat("[{\"a\":", 2000), "\xef\xbb\xbf{}\x00",
		"{\"x\":[" + streamDocument("a") + "," + indented(streamDocument("b"), "  ", " ") + "\x00" + streamDocument("c"),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, parts := readStream(stream, len(stream)+1), readStream(stream, 16)
		if !slices.Equal(groupsOf(whole), groupsOf(parts)) {
			t.Fatalf("%q: %q in one piece, %q in parts", stream, groupsOf(whole), groupsOf(parts))
		}
		for _, r := range []*Result{whole, parts} {
			for _, x := range r.Rejected {
				if x.Offset < 0 || x.Offset+x.Size > int64(len(stream)) || x.Size <= 0 {
					t.Fatalf("%q: %+v", stream, x)
				}
			}
		}
	})
}
