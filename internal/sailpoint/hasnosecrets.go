package sailpoint

import "strings"

// hasNoSecrets is the quick no for nearly every document: it has no member with a secret's
// name, and no name that is a secret's. It looks at each string once. What it cannot say
// quickly, because a string may hold JSON, or something is broken or deeply nested, it denies.
func (secrets *Redactor) hasNoSecrets(text string) bool {
	if strings.Count(text, "{")+strings.Count(text, "[") > maxDepth {
		return false
	}
	escapes := strings.IndexByte(text, '\\') >= 0
	names := false // the string before was the name of a member that holds a name
	for at := nextString(text, 0); at >= 0; {
		n := strings.IndexByte(text[at:], '"')
		if n < 0 {
			return false
		}
		word := text[at : at+n]
		at += n + 1
		if escapes && strings.IndexByte(word, '\\') >= 0 {
			from := at - n - 2
			if at = stringEnd(text, from); at == len(text) || word[0] == '{' || word[0] == '[' {
				return false
			}
			word = unquote(text[from:at])
		}
		// A member's name, or what may be one.
		if member := isMember(text, at); member || names {
			if secrets.isSecret(word) {
				return false
			}
			names = member && holdsName(word)
		}
		at = nextString(text, at)
	}
	return true
}

// nextString is where the next string's content begins, -1 where there is none.
func nextString(text string, at int) int {
	if at+1 < len(text) && text[at] != '"' && text[at+1] == '"' { // behind a colon or a comma, nearly always
		return at + 2
	}
	n := strings.IndexByte(text[at:], '"')
	if n < 0 {
		return -1
	}
	return at + n + 1
}

// isMember reports whether the string that ends before at is a member's name.
func isMember(text string, at int) bool {
	for ; at < len(text); at++ {
		if !blank(text[at]) {
			return text[at] == ':'
		}
	}
	return false
}

// holdsName reports whether a member of this name holds the name beside a value.
func holdsName(member string) bool {
	return member == "name" || member == "attributeName" || member == "attribute"
}
