package record

import (
	"cmp"

	"github.com/provtrail/provtrail/provisioning"
)

// line is the readable line of a record, for example
//
//	Failed: Add memberOf "CN=Sales" for ada.lovelace on Active Directory: timed out
func line(r *Record, status provisioning.Status) string {
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
	b = appendPart(b, " ", r.AttributeName)
	if r.AttributeValue != "" {
		b = append(append(append(b, ` "`...), r.AttributeValue...), '"')
	}
	b = appendPart(b, " for ", cmp.Or(r.IdentityName, r.AccountID, r.IdentityID))
	b = appendPart(b, " on ", cmp.Or(r.SourceName, r.SourceID))
	b = appendPart(b, ": ", r.ErrorMessage)
	return string(b)
}

func appendPart(b []byte, before, text string) []byte {
	if text == "" {
		return b
	}
	return append(append(b, before...), text...)
}
