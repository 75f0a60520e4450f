package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrCorrupt is wrapped by the errors of values that are not what was written.
var ErrCorrupt = errors.New("the stored value is damaged")

// sealFormat begins every value, a checksum of the rest follows.
const (
	sealFormat = 1
	sealSize   = 5
)

var table = crc32.MakeTable(crc32.Castagnoli)

// seal protects a value for stores that have no checksums of their own.
func seal(value []byte) []byte {
	sealed := make([]byte, sealSize, sealSize+len(value))
	sealed[0] = sealFormat
	binary.LittleEndian.PutUint32(sealed[1:], crc32.Checksum(value, table))
	return append(sealed, value...)
}

// unseal returns the value, nil for one that is absent.
func unseal(sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	if len(sealed) < sealSize || sealed[0] != sealFormat ||
		binary.LittleEndian.Uint32(sealed[1:]) != crc32.Checksum(sealed[sealSize:], table) {
		return nil, ErrCorrupt
	}
	return sealed[sealSize:], nil
}
