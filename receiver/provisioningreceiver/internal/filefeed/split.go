package filefeed

import "bytes"

// Top-level values in a stream of JSON: single documents, pretty-printed or not,
// NDJSON, arrays, mixed. Brackets and commas between documents are separators, so
// an array of any length is read element by element in bounded memory.

// split returns a run of complete pieces that data has, and the number of bytes up to its
// end. Without a complete piece both are zero.
func split(data []byte) (advance int, token []byte) {
	start := skip(data, 0)
	if last := bytes.LastIndex(data[start:], betweenLines); last >= 0 {
		end := start + last + 1
		return end, data[start:end]
	}
	end := start
	for i := start; i < len(data); i = skip(data, end) {
		n, complete := piece(data[i:])
		if !complete {
			break
		}
		end = i + n
	}
	if end == start {
		return 0, nil
	}
	return end, data[start:end]
}

// betweenLines stands between two documents wherever it stands: neither within a string
// nor within a document could it be JSON.
var betweenLines = []byte("}\n{")

// line is the length of a line that begins and ends as a document does, 0 where data does
// not begin with one. It may hold several, or be broken.
func line(data []byte) int {
	n := bytes.IndexByte(data, '\n')
	if n < 0 {
		n = len(data)
	} else if n+1 < len(data) && data[n+1] != '{' {
		return 0
	}
	if data[0] != '{' || data[n-1] != '}' {
		return 0
	}
	return n
}

// skip steps over what separates documents.
func skip(data []byte, i int) int {
	for i < len(data) {
		switch data[i] {
		case ' ', '\t', '\r', '\n', ',', '[', ']':
			i++
		case 0xEF: // byte order mark
			if !bytes.HasPrefix(data[i:], []byte("\xef\xbb\xbf")) {
				return i
			}
			i += 3
		default:
			return i
		}
	}
	return i
}

// maxDepth is more than any document has that the dialect reads.
const maxDepth = 1024

// piece returns the length of what begins data: an object up to its closing
// brace, a broken object up to where it broke, or anything else up to the next
// line that begins with a document. A truncated object ends where JSON's grammar
// is violated by the next document, so that it swallows as little as possible of
// what follows; see salvage for the rest.
func piece(data []byte) (n int, complete bool) {
	if data[0] != '{' {
		return toNextDocument(data, 0)
	}
	var stack [maxDepth / 64]uint64 // bit set: object, else array
	depth := 0
	var before byte // the last byte that was no blank
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			end, ok := stringEnd(data, i)
			if !ok {
				return end, end < len(data)
			}
			i = end
		case '{', '[':
			object := depth > 0 && stack[(depth-1)/64]&(1<<((depth-1)%64)) != 0
			if depth > 0 && (object && before != ':' || !object && before != '[' && before != ',') || depth == maxDepth {
				return i, true
			}
			if c == '{' {
				stack[depth/64] |= 1 << (depth % 64)
			} else {
				stack[depth/64] &^= 1 << (depth % 64)
			}
			depth++
		case '}', ']':
			depth--
			if (stack[depth/64]&(1<<(depth%64)) != 0) != (c == '}') {
				return toNextDocument(data, i)
			}
			if depth == 0 {
				return i + 1, true
			}
		}
		before = c
	}
	return len(data), false
}

// stringEnd returns the closing quote of the string that begins at i, or where it
// breaks: a string holds no bare line feed.
func stringEnd(data []byte, i int) (end int, ok bool) {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i, true
		case '\\':
			i++
		case '\n':
			return i, false
		}
	}
	return len(data), false
}

// toNextDocument looks for a line that begins with a document.
func toNextDocument(data []byte, from int) (n int, complete bool) {
	for {
		i := bytes.IndexByte(data[from:], '\n')
		if i < 0 {
			return len(data), false
		}
		from += i + 1
		if from < len(data) && (data[from] == '{' || data[from] == '[') {
			return from, true
		}
	}
}

// pieces calls yield with each piece of a token and its offset, an incomplete
// last one too. A line that read takes for one document is not split further.
func pieces(token []byte, read func(offset int, line []byte) bool, yield func(offset int, piece []byte)) {
	for i := skip(token, 0); i < len(token); {
		n := line(token[i:])
		if n == 0 || !read(i, token[i:i+n]) {
			if n, _ = piece(token[i:]); n == 0 {
				n = 1 // cannot be: a piece has its first byte
			}
			yield(i, bytes.TrimRight(token[i:i+n], " \t\r\n,"))
		}
		i = skip(token, i+n)
	}
}

// salvage splits a piece that is no JSON before its first line that begins with a
// document: a truncated one may have swallowed the next.
func salvage(piece []byte) (head, tail []byte) {
	i := bytes.Index(piece, []byte("\n{"))
	if i < 0 {
		return piece, nil
	}
	return piece[:i], piece[i+1:]
}
