package sailpoint

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Redacted stands where a secret value stood.
const Redacted = "[redacted]"

// Words that make a name a secret's wherever they stand in it.
var secretParts = []string{
	"password", "passwd", "passphrase", "passcode", "pwd", "secret", "credential", "privatekey", "apikey", "accesskey",
	"accountkey", "sharedkey", "sessionkey", "signingkey", "encryptionkey", "activationcode", "securityanswer", "challengeanswer",
	"connectionstring", "socialsecurity", "signeds3url",
	// other languages
	"kennwort", "passwort", "motdepasse", "contrase", "senha", "wachtwoord", "senord", "adgangskode", "salasana", "heslo", "geheimnis",
}

// Words that make a name a secret's only as a whole part of it: "mapping" is no PIN.
var secretWords = []string{"pin", "token", "otp", "tokens", "pins", "pass", "pw", "ssn", "bearer", "authorization", "cookie", "jwt", "parola", "sifre"}

// Words that are not written in ASCII.
var secretOthers = []string{"пароль", "密码", "密碼", "パスワード", "비밀번호", "hasło", "lösenord", "kodeord", "κωδικός", "סיסמה", "كلمة المرور"}

// What is said about a password, not the password.
var aboutSecrets = []string{
	"lastset", "lastchanged", "changed", "changedate", "expired", "expires", "expiration", "expirationdate", "neverexpires",
	"policy", "policyid", "policyname", "age", "properties", "notrequired", "mustchange", "count",
}

// secret reports whether an attribute of this name holds a secret.
func isSecretName(name string) bool {
	if !maybeSecret(name) {
		return foreignSecret(name)
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

// foreignSecret looks at names with letters outside ASCII.
func foreignSecret(name string) bool {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			low := strings.ToLower(name)
			return slices.ContainsFunc(secretOthers, func(word string) bool { return strings.Contains(low, word) })
		}
	}
	return false
}

// maybeSecret is the quick no for nearly every name: none of the words above stands in it.
func maybeSecret(name string) bool {
	before := uint(0)
	for i := range len(name) {
		now := uint(name[i]) & 31
		if pair := before<<5 | now; beginnings[pair>>6]>>(pair&63)&1 != 0 {
			for _, word := range maybeSecretWords[pair] {
				if begins(name[i-1:], word) {
					return true
				}
			}
		}
		before = now
	}
	return false
}

// maybeSecretWords are the words above by how they begin: the lower five bits of their first
// letter, and of the second or what may stand between them.
var maybeSecretWords = func() (by [32 * 32][]string) {
	for _, words := range [...][]string{secretParts, secretWords} {
		for _, word := range words {
			for _, second := range []byte{word[1], ' ', '_', '-'} {
				pair := uint(word[0])&31<<5 | uint(second)&31
				by[pair] = append(by[pair], word)
			}
		}
	}
	return by
}()

// beginnings has a bit for each pair that has maybeSecretWords: it fits a cache that maybeSecretWords does not.
var beginnings = func() (bits [len(maybeSecretWords) / 64]uint64) {
	for pair := range maybeSecretWords {
		if len(maybeSecretWords[pair]) > 0 {
			bits[pair>>6] |= 1 << (pair & 63)
		}
	}
	return bits
}()

// begins reports whether a name begins with a word, in any case and whatever separates
// the letters.
func begins(name, word string) bool {
	at := 0
	for i := 0; i < len(name) && at < len(word); i++ {
		switch c := name[i]; {
		case c|0x20 == word[at]:
			at++
		case c == ' ' || c == '_' || c == '-':
		default:
			return false
		}
	}
	return at == len(word)
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
