// Package nocopy turns texts into bytes and back without copying them, and reaches a field by
// its offset. Besides the ClickHouse library's interface it is the one place with unsafe code:
// whoever uses it owns the memory and does not write to it again.
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

// At points to the V that lies so many bytes behind the beginning of a T.
func At[V, T any](row *T, offset uintptr) *V {
	return (*V)(unsafe.Add(unsafe.Pointer(row), offset))
}
