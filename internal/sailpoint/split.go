package sailpoint

import "bytes"

// scanner finds where JSON objects end in text that may be damaged. It looks at each byte
// a bounded number of times. It checks the structure only; what stands in numbers, literals
// and strings is left to the decoder.
type scanner struct {
	open []byte // the brackets that are open, outermost first
	base []int  // for each open bracket, the length of done when it was opened
	done []span // whole objects that lie in the open ones, the outermost of each
	last int    // where the last token begins if it is a string, else -1
	to   int    // how far the last object was looked at
}

type outcome int

const (
	isWhole  outcome = iota // the object ends
	isOpen                  // the data ends first
	isBroken                // the object is no JSON
)

// maxNested is more than any document has that is read.
const maxNested = 1024

// What may come next.
const (
	wantKey = iota
	wantKeyOrEnd
	wantColon
	wantValue
	wantValueOrEnd
	wantCommaOrEnd
)

// object scans the object that begins at from. next is where it ends, or where the search
// for the next object goes on. Unless the object is whole, s.done has the whole objects
// that lie in it: documents that a cut one seems to contain.
func (s *scanner) object(data []byte, from int) (next int, result outcome) {
	s.open, s.base, s.done, s.last = s.open[:0], s.base[:0], s.done[:0], -1
	want := wantValue
	for i := from; i < len(data); i++ {
		c := data[i]
		s.to = i
		if blank(c) {
			continue
		}
		var ok bool
		switch {
		case c == '"' && (want <= wantKeyOrEnd || want == wantValue || want == wantValueOrEnd):
			s.last = i
			end, closed := stringIn(data, i)
			s.to = end
			if !closed {
				if end == len(data) {
					return s.last + 1, isOpen
				}
				return s.last + 1, isBroken
			}
			i = end
			if want <= wantKeyOrEnd {
				want = wantColon
			} else {
				want = wantCommaOrEnd
			}
			continue
		case c == '}' || c == ']':
			if ok = s.closes(c, want); ok {
				if s.close(c, i+1) {
					return i + 1, isWhole
				}
				want = wantCommaOrEnd
			}
		case want == wantColon:
			ok, want = c == ':', wantValue
		case want == wantCommaOrEnd:
			ok, want = c == ',', s.afterComma()
		case want == wantValue || want == wantValueOrEnd:
			switch {
			case c == '{' || c == '[':
				if ok = len(s.open) < maxNested; ok {
					s.open, s.base = append(s.open, c), append(s.base, len(s.done))
					s.done = append(s.done, span{i, 0})
				}
				want = wantValueOrEnd
				if c == '{' {
					want = wantKeyOrEnd
				}
			case isWordByte(c):
				for i+1 < len(data) && isWordByte(data[i+1]) {
					i++
				}
				ok, want = true, wantCommaOrEnd
			}
		}
		if !ok {
			if s.last >= 0 {
				// A string that was cut ends with the first quote of what follows it, so
				// that what follows may begin within the string.
				return s.last + 1, isBroken
			}
			return max(i, from+1), isBroken
		}
		s.last = -1
	}
	if s.last >= 0 {
		return s.last + 1, isOpen
	}
	return len(data), isOpen
}

func (s *scanner) afterComma() int {
	if s.open[len(s.open)-1] == '{' {
		return wantKey
	}
	return wantValue
}

func (s *scanner) closes(c byte, want int) bool {
	top := s.open[len(s.open)-1]
	if top == '{' {
		return c == '}' && (want == wantCommaOrEnd || want == wantKeyOrEnd)
	}
	return c == ']' && (want == wantCommaOrEnd || want == wantValueOrEnd)
}

// close closes the innermost bracket and reports whether it was the outermost.
func (s *scanner) close(c byte, end int) bool {
	n := len(s.open) - 1
	base := s.base[n]
	s.open, s.base = s.open[:n], s.base[:n]
	if c == '}' {
		s.done = s.done[:base+1]
		s.done[base].to = end
	}
	return n == 0
}

// whole returns the objects in done that ended.
func (s *scanner) whole() []span {
	ended := s.done[:0]
	for _, o := range s.done {
		if o.to > 0 {
			ended = append(ended, o)
		}
	}
	return ended
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// stringIn returns the closing quote of the string that begins at i, or where the string
// is no JSON, or the end of the data.
func stringIn(data []byte, i int) (end int, closed bool) {
	for i++; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			return i, true
		case c < ' ':
			return i, false
		case c == '\\':
			if i++; i < len(data) && bytes.IndexByte([]byte(`"\/bfnrtu`), data[i]) < 0 {
				return i, false
			}
		}
	}
	return len(data), false
}

// skipSeparators steps over what stands between documents.
func skipSeparators(data []byte, i int) int {
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

// lineAt is the length of the line at the beginning of data if the line begins and ends as
// a document does, else 0. The line may hold several documents, or be broken.
func lineAt(data []byte) int {
	n := bytes.IndexByte(data, '\n')
	if n < 0 {
		n = len(data)
	} else if n+1 < len(data) && data[n+1] != '{' {
		return 0
	}
	if n > 0 && data[n-1] == '\r' {
		n--
	}
	if n < 2 || data[0] != '{' || data[n-1] != '}' {
		return 0
	}
	return n
}
