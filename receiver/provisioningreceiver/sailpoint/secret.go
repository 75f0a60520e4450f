package sailpoint

import (
	"slices"
	"strings"
)

// Redacted stands where a secret value stood.
const Redacted = "[redacted]"

// Words that make a name a secret's wherever they stand in it.
var secretParts = []string{
	"password", "passwd", "passphrase", "passcode", "pwd", "secret", "credential", "privatekey", "apikey", "accesskey",
}

// Words that make a name a secret's only as a whole part of it: "mapping" is no PIN.
var secretWords = []string{"pin", "token", "otp", "tokens", "pins", "pass"}

// What is said about a password, not the password.
var aboutSecrets = []string{
	"lastset", "lastchanged", "changed", "changedate", "expired", "expires", "expiration", "expirationdate", "neverexpires",
	"policy", "policyid", "policyname", "age", "properties", "notrequired", "mustchange", "count",
}

// secret reports whether an attribute of this name holds a secret.
func secret(name string) bool {
	if !suspect(name) {
		return false
	}
	word := plainWord(name)
	for _, part := range secretParts {
		if _, rest, found := strings.Cut(word, part); found {
			return !about(rest)
		}
	}
	for _, whole := range secretWords {
		if strings.Contains(word, whole) && hasPart(name, whole) {
			return true
		}
	}
	return false
}

// suspect is the quick no for nearly every name: it has none of the beginnings of
// the words above.
func suspect(name string) bool {
	for i := 0; i+2 < len(name); i++ {
		switch name[i] | 0x20 {
		case 'p':
			if c := name[i+1] | 0x20; c == 'a' || c == 'w' || c == 'i' || c == 'r' && name[i+2]|0x20 == 'i' {
				return true
			}
		case 's':
			if name[i+1]|0x20 == 'e' && name[i+2]|0x20 == 'c' {
				return true
			}
		case 'c':
			if name[i+1]|0x20 == 'r' && name[i+2]|0x20 == 'e' && i+3 < len(name) && name[i+3]|0x20 == 'd' {
				return true
			}
		case 'a':
			if c := name[i+1] | 0x20; c == 'p' || c == 'c' {
				return true
			}
		case 't':
			if name[i+1]|0x20 == 'o' && name[i+2]|0x20 == 'k' {
				return true
			}
		case 'o':
			if name[i+1]|0x20 == 't' && name[i+2]|0x20 == 'p' {
				return true
			}
		}
	}
	return false
}

func about(rest string) bool {
	return slices.Contains(aboutSecrets, rest)
}

// hasPart reports whether a part of name, as separators or capitals divide it, is
// the word.
func hasPart(name, word string) bool {
	for from := 0; from+len(word) <= len(name); from++ {
		if !strings.EqualFold(name[from:from+len(word)], word) {
			continue
		}
		if starts(name, from) && ends(name, from+len(word)) {
			return true
		}
	}
	return false
}

func starts(name string, at int) bool {
	return at == 0 || !letter(name[at-1]) || lower(name[at-1]) && !lower(name[at])
}

func ends(name string, at int) bool {
	return at == len(name) || !letter(name[at]) || lower(name[at-1]) && !lower(name[at])
}

func lower(c byte) bool  { return c >= 'a' && c <= 'z' }
func letter(c byte) bool { return lower(c) || c >= 'A' && c <= 'Z' }
