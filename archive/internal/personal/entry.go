package personal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// A key store is one file of entries of entrySize bytes, the first of which is the header.
// Entries are appended, and changed in place: there is no older version of the file in which
// a destroyed key could remain. An entry lies within one sector of a disk, so that a write
// that a crash interrupts is done or not done.
//
//	header   magic 32, secret 32, id of the store 16, changes 8, zeros, checksum 8
//	entry    state 1, zeros 7, key id 8, token of the person 16, key 32, created 8, erased 8,
//	         zeros, checksum 8
//
// Numbers are big-endian, times seconds since 1970. The checksum is the start of the SHA-256
// of what is before it.
const (
	entrySize   = 128
	checksumAt  = entrySize - 8
	magic       = "provtrail personal keys 1\n"
	headerLabel = 32
)

type state byte

const (
	live   state = 'K' // has a key
	erased state = 'E' // its key was destroyed, which no seal states yet
	stated state = 'S' // its key was destroyed, which a seal states
)

// entry is a key, or what is left of it.
type entry struct {
	state            state
	id               KeyID
	person           token
	secret           [keyBytes]byte // zeros when it was destroyed
	created, erasure time.Time
}

var errChecksum = errors.New("has a wrong checksum")

func (e *entry) encode() []byte {
	b := make([]byte, entrySize)
	b[0] = byte(e.state)
	copy(b[8:], e.id[:])
	copy(b[16:], e.person[:])
	copy(b[32:], e.secret[:])
	putTime(b[64:], e.created)
	putTime(b[72:], e.erasure)
	return sum(b)
}

func decodeEntry(b []byte) (e entry, err error) {
	if !valid(b) {
		return e, errChecksum
	}
	e.state = state(b[0])
	if e.state != live && e.state != erased && e.state != stated {
		return e, errors.New("has a state that this program does not know")
	}
	copy(e.id[:], b[8:])
	copy(e.person[:], b[16:])
	copy(e.secret[:], b[32:])
	e.created, e.erasure = getTime(b[64:]), getTime(b[72:])
	return e, nil
}

// header is the first entry.
type header struct {
	secret  [keyBytes]byte // of tokens
	id      [16]byte       // of the store
	changes uint64         // grows when an entry is changed, but not when one is appended
}

func (h *header) encode() []byte {
	b := make([]byte, entrySize)
	copy(b, magic)
	copy(b[headerLabel:], h.secret[:])
	copy(b[64:], h.id[:])
	binary.BigEndian.PutUint64(b[80:], h.changes)
	return sum(b)
}

func decodeHeader(b []byte) (h header, err error) {
	if !bytes.HasPrefix(b, []byte(magic)) {
		return h, errors.New("it is no key store of provtrail, or one of a newer version")
	}
	if !valid(b) {
		return h, errChecksum
	}
	copy(h.secret[:], b[headerLabel:])
	copy(h.id[:], b[64:])
	h.changes = binary.BigEndian.Uint64(b[80:])
	return h, nil
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b[:checksumAt])
	copy(b[checksumAt:], s[:8])
	return b
}

func valid(b []byte) bool {
	s := sha256.Sum256(b[:checksumAt])
	return bytes.Equal(b[checksumAt:], s[:8])
}

func putTime(to []byte, at time.Time) {
	if !at.IsZero() {
		binary.BigEndian.PutUint64(to, uint64(at.Unix()))
	}
}

func getTime(from []byte) time.Time {
	if n := binary.BigEndian.Uint64(from); n != 0 {
		return time.Unix(int64(n), 0).UTC()
	}
	return time.Time{}
}
