package errorclass

import (
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/provtrail/provtrail/provisioning"
)

// fingerprintVersion stands before every fingerprint, so that a change of the rule does
// not make old links mean something else.
const fingerprintVersion = "v1:"

// fingerprint is equal for errors of one cause: the same source, operation and signature,
// or, where no signature is known, the same normalized text.
func fingerprint(sourceID string, op provisioning.Operation, c cause) string {
	id := provisioning.HashID("error", sourceID, string(op), string(c.category), c.signature, c.text)
	return fingerprintVersion + hex.EncodeToString(id[:8])
}

// protected are codes that say what went wrong; Normalize keeps them.
var protected = regexp.MustCompile(`(?i)\bora-\d+|\baadsts\d+|\berror code:? -?\d+|\b[0-9a-f]{8}: \w+err\b|\b0x[0-9a-f]{8}\b|\be00\d{5}\b|\bsqlcode[=: ]*-?\d+|\bsqlstate[ (:=]*\w+|\b(http/\d(\.\d)?|status( ?code)?|response code)\W{0,4}\d{3}\b|\bicn?h?\d{3,5}[ei]\b|\bikj\d{5}i\b`)

var variable = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"[^"]*"|'[^']*'|“[^”]*”|«[^»]*»`), "<text>"},
	{regexp.MustCompile(`(?i)\b(cn|ou|dc|uid|o)=[^,;]+(,\s*(cn|ou|dc|uid|o|c|l|st)=[^,;\s]+)*`), "<dn>"},
	{regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`), "<mail>"},
	{regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "<id>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d([t ]\d\d:\d\d(:\d\d)?([.,]\d+)?(z|[+-]\d\d:?\d\d)?)?\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d\d:\d\d(:\d\d)?([.,]\d+)?\b`), "<time>"},
	{regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b`), "<ip>"},
	{regexp.MustCompile(`(?i)\b[0-9a-f]{8,}\b`), "<id>"},
	{regexp.MustCompile(`\d{3,}`), "<n>"},
}

var (
	unwrapped  = regexp.MustCompile(`^((\w+\.)+\w+(exception|error|fault): ?)+`)
	whiteSpace = regexp.MustCompile(`\s+`)
)

// Normalize returns a text without what differs between two errors of one cause: names,
// ids, times, numbers. Codes stay.
func Normalize(text string) string {
	text = strings.ToLower(unwrapJSON(printable(text[:min(len(text), maxText)])))
	text = unwrapped.ReplaceAllString(text, "")
	var b strings.Builder
	last := 0
	for _, at := range protected.FindAllStringIndex(text, -1) {
		b.WriteString(replaceVariable(text[last:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		last = at[1]
	}
	b.WriteString(replaceVariable(text[last:]))
	return strings.TrimSpace(whiteSpace.ReplaceAllString(b.String(), " "))
}

func replaceVariable(text string) string {
	for _, v := range variable {
		text = v.re.ReplaceAllString(text, v.with)
	}
	return text
}
