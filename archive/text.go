package archive

import (
	"encoding/hex"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning"
)

// textValue does not copy: the column's buffer does.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// textOf does not copy either: the reader hands out values whose bytes are never
// written to again.
func textOf(v parquet.Value) string { return textOfBytes(v.ByteArray()) }

// textOfBytes is for bytes that are not written to while the text is used.
func textOfBytes(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func appendID(to []byte, id *provisioning.ID) []byte {
	if id.IsZero() {
		return to
	}
	return hex.AppendEncode(to, id[:])
}
