package sailpoint

import (
	"regexp"
	"strings"
)

// Redactor hides secrets: the values of the names that are known, and of names that are
// added. A nil Redactor has none added.
type Redactor struct {
	names    []string // in lower case
	patterns textPatterns
}

// NewRedactor adds names, which are compared as a whole and in any case.
func NewRedactor(names []string) *Redactor {
	if len(names) == 0 {
		return nil
	}
	secrets := &Redactor{}
	quoted := make([]string, len(names))
	for i, name := range names {
		secrets.names = append(secrets.names, strings.ToLower(name))
		quoted[i] = regexp.QuoteMeta(name)
	}
	secrets.patterns = patternsOf(`\b(?:`+strings.Join(quoted, "|")+`)`, "")
	return secrets
}

// isSecret reports whether an attribute of this name holds a secret.
func (secrets *Redactor) isSecret(name string) bool {
	if secrets != nil {
		for _, added := range secrets.names {
			if strings.EqualFold(added, name) {
				return true
			}
		}
	}
	return isSecretName(name)
}

// plain replaces the secrets in plain text.
func (secrets *Redactor) plain(text string) string {
	if text = redactText(text); secrets.mayMention(text) {
		text = secrets.patterns.redact(text)
	}
	return text
}

// quoted replaces the secrets that stand in quotes in text that is no JSON.
func (secrets *Redactor) quoted(text string) string {
	if text = knownPatterns.redactQuoted(text); secrets.mayMention(text) {
		text = secrets.patterns.redactQuoted(text)
	}
	return text
}

// mayMention reports whether an added name stands in the text.
func (secrets *Redactor) mayMention(text string) bool {
	if secrets == nil {
		return false
	}
	low := strings.ToLower(text)
	for _, name := range secrets.names {
		if strings.Contains(low, name) {
			return true
		}
	}
	return false
}
