package personal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// What is shown in place of a text that cannot be read.
const (
	Erased    = "erased"    // the person's key was destroyed
	Encrypted = "encrypted" // the key store is not at hand, or does not have the key
)

// prefix stands before the base64 of an encrypted cell. Its number is that of the format:
//
//	key id        8 bytes
//	synthetic IV 16 bytes: HMAC-SHA-256 over column and text
//	ciphertext         AES-256-GCM, with the tag, of a byte that names the compression and
//	                   the text; the column is authenticated
//
// The key of the cell is the HMAC-SHA-256 of the IV, so that it opens this cell and no other,
// and its nonce is zero. Equal texts of one person in one column make equal cells: the
// dictionaries of Parquet keep their use, and a batch that is written again makes the same
// file. Equal texts of two persons, or in two columns, do not.
const prefix = "enc1:"

const (
	idSize   = 8
	ivSize   = 16
	minCell  = idSize + ivSize + 1 + 16
	keyBytes = 32
)

// KeyID names a key. It is random.
type KeyID [idSize]byte

func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// parseKeyID is the inverse of String; for anything else it is the id of no key.
func parseKeyID(text string) (id KeyID) {
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == idSize {
		copy(id[:], raw)
	}
	return id
}

// Key is the key of one person.
type Key struct {
	ID      KeyID
	iv, own [keyBytes]byte // for synthetic IVs, for keys of cells
}

func newKey(id KeyID, secret []byte) *Key {
	k := &Key{ID: id}
	copy(k.iv[:], mac(secret, "iv"))
	copy(k.own[:], mac(secret, "cell"))
	return k
}

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts { // with their lengths, so that no two lists are alike
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(p)))) // a hash returns no error
		_, _ = h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// Seal encrypts a text of a column.
func (k *Key) Seal(column, text string) string {
	iv := mac(k.iv[:], column, text)[:ivSize]
	raw := append(append(make([]byte, 0, minCell+len(text)), k.ID[:]...), iv...)
	raw = aead(mac(k.own[:], string(iv))).Seal(raw, make([]byte, 12), pack(text), []byte(column))
	return prefix + base64.StdEncoding.EncodeToString(raw)
}

// cell is an encrypted text.
type cell struct {
	id   KeyID
	iv   string
	body []byte
}

// parse returns false for a text that is not encrypted.
func parse(text string) (c cell, ok bool) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return c, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) < minCell {
		return c, false
	}
	copy(c.id[:], raw)
	c.iv, c.body = string(raw[idSize:idSize+ivSize]), raw[idSize+ivSize:]
	return c, true
}

func (k *Key) open(column string, c cell) (string, error) {
	packed, err := aead(mac(k.own[:], c.iv)).Open(nil, make([]byte, 12), c.body, []byte(column))
	if err != nil {
		return "", fmt.Errorf("the cell cannot be decrypted with key %s: it was altered, or is of another column", c.id)
	}
	return unpack(packed)
}

func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return gcm
}

// Compression of a text before it is encrypted: afterwards nothing can be compressed.
const (
	packedNot byte = iota
	packedZstd
)

// minPacked is the length from which compression may help.
const minPacked = 96

// maxText bounds what a damaged cell can make of itself.
const maxText = 256 << 20

var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false)) // valid options
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxText))
)

func pack(text string) []byte {
	if len(text) >= minPacked {
		if packed := packer.EncodeAll([]byte(text), []byte{packedZstd}); len(packed) <= len(text) {
			return packed
		}
	}
	return append([]byte{packedNot}, text...)
}

func unpack(packed []byte) (string, error) {
	switch packed[0] { // minCell: there is one
	case packedNot:
		return string(packed[1:]), nil
	case packedZstd:
		text, err := unpacker.DecodeAll(packed[1:], nil)
		return string(text), err
	default:
		return "", fmt.Errorf("the cell has compression %d, which this program does not know: use a newer provtrail", packed[0])
	}
}
