package sailpoint

import (
	"regexp"
	"slices"
	"strings"
)

// Secrets also stand in plain text: in the address of a download, in a connection string
// that an error repeats, in a line of a log. The value goes, what it is the value of stays.

const secretName = `[\w-]*(?:passw(?:or[dt]|d)|passphrase|passcode|kennwort|mot_?de_?passe|contrase\S{1,2}a|senha|wachtwoord|pwd|secret|api[-_]?key|access[-_]?key|account[-_]?key|private[-_]?key|session[-_]?key|shared[-_]?key|activation[-_]?code|security[-_]?answer|credentials?|token|\bpw|\bpin|\botp|\bssn)` //nolint:gosec // a pattern of names, no secret

// textPatterns find what plain text assigns to names.
type textPatterns struct{ assigned, colon, quoted *regexp.Regexp }

func patternsOf(names, assignedOnly string) textPatterns {
	return textPatterns{
		// "Password=x;", "?token=x", "&amp;sig=x"
		assigned: regexp.MustCompile(`(?i)(` + names + assignedOnly + `) ?= ?(?:'[^']*'|[^\s"'\\&;,<>(){}\[\]]+)`),
		// `password: x1`, where x has a digit: "password: too short" is no secret.
		colon: regexp.MustCompile(`(?i)(` + names + `\\?["']?) ?: ?(\\?["']?)([^\s"'\\,;<>(){}\[\]]*\d[^\s"'\\,;<>(){}\[\]]*)`),
		// `"password": "x"` outside of JSON
		quoted: regexp.MustCompile(`(?i)(["']` + names + `["'] ?[:=] ?)(?:"[^"]*"?|'[^']*'?)`),
	}
}

func (p textPatterns) redact(text string) string {
	text = p.assigned.ReplaceAllString(text, "${1}="+Redacted)
	return p.colon.ReplaceAllString(text, "${1}: ${2}"+Redacted)
}

func (p textPatterns) redactQuoted(text string) string {
	return p.quoted.ReplaceAllString(text, `${1}"`+Redacted+`"`)
}

var (
	knownPatterns = patternsOf(secretName, `|(?:[?&;]|\\u0026)(?:x-amz-(?:signature|credential|security-token)|x-goog-signature|sig|signature|code|key|auth|sas)`)

	scheme = regexp.MustCompile(`(?i)\b((?:bearer|basic|negotiate) )[\w.~+/=-]{8,}`)
	// https://user:password@host
	userInfo = regexp.MustCompile(`(://[^/\s:@"']{1,64}:)[^@/\s"']{1,128}@`)
)

// redactText replaces the secrets in plain text. Within JSON it replaces parts of strings
// only, so that JSON stays JSON.
func redactText(text string) string {
	if !maybeSecretText(text) {
		return text
	}
	// The patterns are slow, and nothing that they find holds the end of one string and the
	// beginning of the next, unless it stands in single quotes.
	separator := `","`
	if strings.Contains(text, "'") {
		separator = text
	}
	var out strings.Builder
	for part := range strings.SplitAfterSeq(text, separator) {
		if maybeSecretText(part) {
			part = knownPatterns.redact(part)
			part = scheme.ReplaceAllString(part, "${1}"+Redacted)
			part = userInfo.ReplaceAllString(part, "${1}"+Redacted+"@")
		}
		out.WriteString(part)
	}
	return out.String()
}

// secretSigns are parts of the names above; one of them stands in each text with a secret.
var secretSigns = [...]string{
	"assw", "ASSW", "pwd", "Pwd", "PWD", "ecret", "ECRET", "oken", "OKEN", "earer ", "asic ", "ey=", "ey:", "KEY", "redential",
	"ennwor", "contrase", "de_pas", "depas", "senha", "achtwoor", "hrase", "sscode", "pw=", "pin=", "otp=", "ssn=", "Code=", "_code=", "nswer",
}

// assigners are what stands between a name and its value, or before a value without a name.
var assigners = [...]string{"=", ": ", "earer ", "asic "}

// What the text around an assigner must hold: a sign begins at most signBefore bytes before
// it, and at most signAfter bytes of a sign lie behind its beginning.
const signBefore, signAfter = 35, 10

// maybeSecretText is the quick no for nearly every document. A document has few assigners, so
// it looks for signs around those only.
func maybeSecretText(text string) bool {
	if strings.Contains(text, "://") {
		return true
	}
	for _, assigner := range assigners {
		for at, next := 0, 0; ; at += next + 1 {
			if next = strings.Index(text[at:], assigner); next < 0 {
				break
			}
			around := text[max(at+next-signBefore, 0):min(at+next+signAfter, len(text))]
			if slices.ContainsFunc(secretSigns[:], func(sign string) bool { return strings.Contains(around, sign) }) {
				return true
			}
		}
	}
	return false
}
