// Package envelope protects stored values: it adds a version and a checksum, so that a
// value that was written by another version of the program, cut or damaged is recognised
// before it is decoded.
//
// The layout never changes; the version is that of the payload:
//
//	version   1 byte
//	length    4 bytes, little endian, of the payload
//	checksum  4 bytes, little endian, CRC-32C of all other bytes
//	payload
package envelope

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Size is the number of bytes that an envelope adds to a payload.
const Size = 9

// The errors that Open wraps.
var (
	ErrVersion = errors.New("unknown version")
	ErrCut     = errors.New("the value is cut")
	ErrDamaged = errors.New("the value is damaged")
)

var table = crc32.MakeTable(crc32.Castagnoli)

// Seal returns the payload in an envelope.
func Seal(version byte, payload []byte) []byte {
	return Append(make([]byte, 0, Size+len(payload)), version, payload)
}

// Append appends the payload in an envelope to dst.
func Append(dst []byte, version byte, payload []byte) []byte {
	start := len(dst)
	dst = append(Reserve(dst), payload...)
	Close(dst[start:], version)
	return dst
}

// Reserve appends room for an envelope to dst. The caller appends the payload after that
// and calls Close, which saves copying the payload.
func Reserve(dst []byte) []byte { return append(dst, make([]byte, Size)...) }

// Close fills in the envelope of a value that begins with the bytes of Reserve and ends
// with the payload.
func Close(value []byte, version byte) {
	value[0] = version
	binary.LittleEndian.PutUint32(value[1:], uint32(len(value)-Size))
	binary.LittleEndian.PutUint32(value[5:], checksum(value))
}

// Open returns the payload, which shares the memory of value. Its error says what is
// wrong with a value that is not of the given version or not as it was written.
func Open(version byte, value []byte) ([]byte, error) {
	if len(value) < Size {
		return nil, fmt.Errorf("%w: %d bytes, an envelope alone has %d", ErrCut, len(value), Size)
	}
	payload := value[Size:]
	switch length := uint64(binary.LittleEndian.Uint32(value[1:])); {
	case uint64(len(payload)) < length:
		return nil, fmt.Errorf("%w: %d bytes of %d", ErrCut, len(payload), length)
	case uint64(len(payload)) > length:
		return nil, fmt.Errorf("%w: %d bytes follow its end", ErrDamaged, uint64(len(payload))-length)
	}
	if want, got := binary.LittleEndian.Uint32(value[5:]), checksum(value); want != got {
		return nil, fmt.Errorf("%w: its checksum is %08x instead of %08x", ErrDamaged, got, want)
	}
	if value[0] != version {
		return nil, fmt.Errorf("%w %d: this program reads version %d", ErrVersion, value[0], version)
	}
	return payload, nil
}

func checksum(value []byte) uint32 {
	return crc32.Update(crc32.Checksum(value[:5], table), table, value[Size:])
}
