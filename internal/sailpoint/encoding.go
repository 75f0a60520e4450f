package sailpoint

import (
	"bytes"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
)

// sniffed is how many bytes EncodingOf looks at.
const sniffed = 64

// EncodingOf returns the encoding of text that begins with head, nil for UTF-8, with or
// without a byte order mark. UTF-16, as PowerShell writes it, is recognised by its byte
// order mark, or by the NUL beside each ASCII character.
func EncodingOf(head []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) || isEverySecondNUL(head, 1):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}) || isEverySecondNUL(head, 0):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	default:
		return nil
	}
}

func isEverySecondNUL(head []byte, first int) bool {
	head = head[:min(len(head), sniffed)&^1]
	for i := range head {
		if (head[i] == 0) != (i&1 == first) {
			return false
		}
	}
	return len(head) >= 4
}

// ToUTF8 decodes text. What is no text in its encoding becomes U+FFFD.
func ToUTF8(text []byte) []byte {
	if e := EncodingOf(text); e != nil {
		if decoded, err := e.NewDecoder().Bytes(text); err == nil {
			return decoded
		}
	}
	return text
}
