package sailpoint

import (
	"regexp"
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
	text = knownPatterns.redact(text)
	text = scheme.ReplaceAllString(text, "${1}"+Redacted)
	return userInfo.ReplaceAllString(text, "${1}"+Redacted+"@")
}

// secretSigns are parts of the names above; one of them stands in each text with a secret.
var secretSigns = [...]string{
	"assw", "ASSW", "pwd", "Pwd", "PWD", "ecret", "ECRET", "oken", "OKEN", "earer ", "asic ", "ey=", "ey:", "KEY", "redential",
	"ennwor", "contrase", "de_pas", "depas", "senha", "achtwoor", "hrase", "sscode", "pw=", "pin=", "otp=", "ssn=", "Code=", "_code=", "nswer",
}

// maybeSecretText is the quick no for nearly every document.
func maybeSecretText(text string) bool {
	if strings.Contains(text, "://") {
		return true
	}
	for _, sign := range secretSigns {
		for at := strings.Index(text, sign); at >= 0; {
			// What assigns a value stands near.
			near := text[at:min(at+len(sign)+24, len(text))]
			if strings.ContainsAny(near, "=") || strings.Contains(near, ": ") || strings.Contains(near, "earer ") || strings.Contains(near, "asic ") {
				return true
			}
			next := strings.Index(text[at+1:], sign)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return false
}
