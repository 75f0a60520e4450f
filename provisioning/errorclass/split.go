package errorclass

import (
	"iter"
	"strings"
)

// split yields the errors of a text that joins several: at line ends, also those written
// as the two characters \n, and at ";" outside quotes and brackets where more than
// shortest characters follow. A comma never splits, since distinguished names have them.
func split(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin, depth, quote := 0, 0, byte(0)
		cut := func(end, next int) bool {
			part := strings.TrimSpace(text[begin:end])
			begin = next
			return part == "" || yield(part)
		}
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\n' || c == '\\' && i+1 < len(text) && text[i+1] == 'n' && !windowsPath(text, i):
				next := i + 1
				if c == '\\' {
					next++
				}
				if !cut(i, next) {
					return
				}
				depth, quote = 0, 0
				i = next - 1
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"':
				quote = c
			case c == '(' || c == '[' || c == '{':
				depth++
			case c == ')' || c == ']' || c == '}':
				depth = max(depth-1, 0)
			case c == ';' && depth == 0 && len(text)-i-1 > shortest:
				if !cut(i, i+1) {
					return
				}
			}
		}
		cut(len(text), len(text))
	}
}

const shortest = 20

// windowsPath reports whether the backslash at i stands in a path or an account such as
// CORP\nina, where no line ends.
func windowsPath(text string, i int) bool {
	word := func(c byte) bool {
		return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '$'
	}
	before := i > 0 && (word(text[i-1]) || text[i-1] == '\\' || text[i-1] == ':')
	after := i+2 < len(text) && text[i+2] >= 'a' && text[i+2] <= 'z'
	return before && after
}

// printable drops control characters but for white space: texts of LDAP servers end in NUL.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
