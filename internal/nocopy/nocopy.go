// Package nocopy turns texts into bytes and back without copying them. It is the one place
// that does so: whoever uses it owns the memory and does not write to it again.
package nocopy

import "unsafe"

// String is the text that b holds. b must not change while the text is used.
func String(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Bytes is the memory of a text. It must not be written to.
func Bytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Raw is the memory of a slice of numbers or arrays of bytes.
func Raw[T any](list []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(one)))
}
