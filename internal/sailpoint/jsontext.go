package sailpoint

import (
	"encoding/json"
	"strings"
)

// Helpers that read JSON text which may be broken.

// stringEnd is the index behind the string that starts at from.
func stringEnd(text string, from int) int {
	for to := from + 1; ; {
		n := strings.IndexByte(text[to:], '"')
		if n < 0 {
			return len(text)
		}
		end := to + n
		if strings.IndexByte(text[to:end], '\\') < 0 {
			return end + 1
		}
		// Step over what is escaped, up to and including this quote if it is.
		for to <= end {
			if text[to] == '\\' {
				to++
			} else if to == end {
				return end + 1
			}
			to++
		}
		if to >= len(text) {
			return len(text)
		}
	}
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func delimits(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', ']', '}', '[', '{', '"':
		return true
	}
	return false
}

func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return strings.Trim(quoted, `"`)
	}
	var s string
	if json.Unmarshal([]byte(quoted), &s) != nil {
		return strings.Trim(quoted, `"`)
	}
	return s
}

func quote(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string is always encoded
	return strings.TrimSuffix(b.String(), "\n")
}
