package sailpoint

import (
	"regexp"
	"strings"
)

// Secrets also stand in plain text: in the address of a download, in a connection string
// that an error repeats, in a line of a log. The value goes, what it is the value of stays.

const secretName = `[\w-]*(?:passw(?:or[dt]|d)|passphrase|passcode|kennwort|mot_?de_?passe|contrase\S{1,2}a|senha|wachtwoord|adgangskode|salasana|heslo|geheimnis|pwd|secret|api[-_]?key|access[-_]?key|account[-_]?key|private[-_]?key|session[-_]?key|shared[-_]?key|activation[-_]?code|security[-_]?answer|credentials?|token|\bparola|\bpw|\bpin|\botp|\bssn)` //nolint:gosec // a pattern of names, no secret

// textPatterns find what plain text assigns to names.
type textPatterns struct{ name, assigned, colon, quoted *regexp.Regexp }

func patternsOf(names, assignedOnly string) textPatterns {
	return textPatterns{
		// the end of what stands before what assigns
		name: regexp.MustCompile(`(?i)(?:` + names + assignedOnly + `)\\?["']? ?$`),
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
	// jdbc:oracle:thin:user/password@host
	oracleInfo = regexp.MustCompile(`(?i)(oracle:(?:thin|oci8?):[^/\s:@"']{1,64}/)[^@\s"']{1,128}@`)
)

// redactText replaces the secrets in plain text. Within JSON it replaces parts of strings
// only, so that JSON stays JSON.
func redactText(text string) string {
	if !maybeSecretText(text) {
		return text
	}
	// The patterns are slow, and nothing that they find holds the end of a string and what
	// follows it, unless it stands in single quotes.
	separator := `",`
	if strings.Contains(text, "='") || strings.Contains(text, "= '") {
		separator = text
	}
	var out strings.Builder
	for part := range strings.SplitAfterSeq(text, separator) {
		if maybeSecretText(part) {
			part = knownPatterns.redact(part)
			part = scheme.ReplaceAllString(part, "${1}"+Redacted)
			part = userInfo.ReplaceAllString(part, "${1}"+Redacted+"@")
			part = oracleInfo.ReplaceAllString(part, "${1}"+Redacted+"@")
		}
		out.WriteString(part)
	}
	return out.String()
}

// maybeSecretText is the quick no for nearly every document: it looks at what stands before
// each byte that assigns a value. The members of JSON have been looked at already.
func maybeSecretText(text string) bool {
	for at := range len(text) {
		switch text[at] {
		case '=':
			if name := nameBefore(text, at); (maybeSecret(name) || isParameter(name)) && knownPatterns.name.MatchString(name) {
				return true
			}
		case ':':
			if isMemberColon(text, at) {
				continue
			}
			if strings.HasPrefix(text[at:], "://") && strings.Contains(text[at:], "@") {
				return true
			}
			if isOracle(text[:at]) && strings.Contains(text[at:], "@") {
				return true
			}
			if name := nameBefore(text, at); maybeSecret(name) && knownPatterns.name.MatchString(name) {
				return true
			}
		case ' ':
			if endsWithScheme(text[:at]) {
				return true
			}
		}
	}
	return false
}

// nameBefore is what may be a name that ends at an index. No name has a comma, or a digit at
// its end.
func nameBefore(text string, at int) string {
	if at == 0 || text[at-1] >= '0' && text[at-1] <= '9' {
		return ""
	}
	name := text[max(at-longestName, 0):at]
	return name[strings.LastIndexByte(name, ',')+1:]
}

// longestName is at least what the patterns find of a secret's name from its first word that
// maybeSecret knows, with the quotes and spaces up to what assigns.
const longestName = 24

// isMemberColon reports whether the colon stands behind the name of a member in JSON that is
// written without spaces.
func isMemberColon(text string, at int) bool {
	return at > 1 && text[at-1] == '"' && text[at-2] != '\\' && at+1 < len(text) && text[at+1] != ' '
}

// isParameter reports whether a text ends with the name of a parameter of an address.
func isParameter(text string) bool {
	name := strings.TrimRight(strings.TrimSuffix(text, " "), "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return name != "" && strings.IndexByte("?&;6", name[len(name)-1]) >= 0 // \u0026
}

// isOracle reports whether a text ends with what stands before the colon of oracleInfo's user.
func isOracle(text string) bool {
	const longest = len("oracle:thin")
	tail := strings.ToLower(text[max(len(text)-longest, 0):])
	return strings.HasSuffix(tail, "oracle:thin") || strings.HasSuffix(tail, "oracle:oci") || strings.HasSuffix(tail, "oracle:oci8")
}

// endsWithScheme reports whether a text ends with a word of the pattern scheme.
func endsWithScheme(text string) bool {
	for _, name := range [...]string{"bearer", "basic", "negotiate"} {
		if at := len(text) - len(name); at >= 0 && text[at]|0x20 == name[0] && strings.EqualFold(text[at:], name) {
			return true
		}
	}
	return false
}
