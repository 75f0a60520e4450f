package provisioning

import "strings"

// Line is the readable line of a record, for example
//
//	Failed: Add memberOf "CN=Sales" for ada.lovelace on Active Directory: timed out
func Line(r *Record, status Status) string {
	var b strings.Builder
	b.Grow(128)
	word := status.String()
	if word == "" {
		word = "Unknown status " + r.RawStatus
	}
	b.WriteString(word)
	if r.Stalled {
		b.WriteString(" (stalled)")
	}
	if r.Overdue {
		b.WriteString(" (verification overdue)")
	}
	b.WriteString(": ")
	b.WriteString(string(r.Operation))
	part(&b, " ", r.AttributeName)
	if r.AttributeValue != "" {
		b.WriteString(` "` + r.AttributeValue + `"`)
	}
	part(&b, " for ", firstOf(r.IdentityName, r.AccountID, r.IdentityID))
	part(&b, " on ", firstOf(r.SourceName, r.SourceID))
	part(&b, ": ", r.ErrorMessage)
	return b.String()
}

func part(b *strings.Builder, before, text string) {
	if text != "" {
		b.WriteString(before)
		b.WriteString(text)
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
