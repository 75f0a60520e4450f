package record

import "github.com/provtrail/provtrail/provisioning"

// Line is the readable line of a record, for example
//
//	Failed: Add memberOf "CN=Sales" for ada.lovelace on Active Directory: timed out
func Line(r *Record, status provisioning.Status) string {
	var stack [256]byte
	b := stack[:0]
	if word := status.String(); word != "" {
		b = append(b, word...)
	} else {
		b = append(append(b, "Unknown status "...), r.RawStatus...)
	}
	if r.Stalled {
		b = append(b, " (stalled)"...)
	}
	if r.Overdue {
		b = append(b, " (verification overdue)"...)
	}
	b = append(append(b, ": "...), r.Operation...)
	b = part(b, " ", r.AttributeName)
	if r.AttributeValue != "" {
		b = append(append(append(b, ` "`...), r.AttributeValue...), '"')
	}
	b = part(b, " for ", firstOf(r.IdentityName, r.AccountID, r.IdentityID))
	b = part(b, " on ", firstOf(r.SourceName, r.SourceID))
	b = part(b, ": ", r.ErrorMessage)
	return string(b)
}

func part(b []byte, before, text string) []byte {
	if text == "" {
		return b
	}
	return append(append(b, before...), text...)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
