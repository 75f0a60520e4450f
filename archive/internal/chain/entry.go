// Package chain holds the seals of an archive: signed statements, one for each hour,
// each with the digest of the one before.
package chain

import (
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Entry is what the archive states of one hour: one link of the chain.
type Entry struct {
	Version int         `json:"version"`
	Archive string      `json:"archive"` // random, the same in every entry
	Hour    layout.Hour `json:"hour"`
	// Previous is the SHA-256 of the file of the seal before this one.
	Previous string    `json:"previous,omitempty"`
	SealedAt time.Time `json:"sealed_at"`
	Key      string    `json:"key"` // KeyID of the key that signs this entry
	// NextKey is the public key that signs from the next entry on.
	NextKey []byte `json:"next_key,omitempty"`

	Files []SealedFile `json:"files,omitempty"`
	// Gaps are the times within the hour in which no process wrote the archive.
	Gaps []Period `json:"gaps,omitempty"`
	// Expired are the files of earlier hours that retention removes after this entry
	// is signed.
	Expired []string `json:"expired,omitempty"`
	// Lost are files that were written into the hour and were gone when it was sealed.
	Lost []string `json:"lost,omitempty"`
	// Retention is what governs expiry; nil is for ever.
	Retention *Retention `json:"retention,omitempty"`
	// Holds are in force from this entry on.
	Holds []Hold `json:"holds,omitempty"`
	// KeyStore is the id of the key store with which the files are encrypted; empty where
	// they are not.
	KeyStore string `json:"key_store,omitempty"`
	// Erased are keys of persons that were destroyed since the entry before: what they
	// encrypted cannot be read any more. A key may be named again.
	Erased []Erasure `json:"erased,omitempty"`
	// Recovery is set in the first entry after seals were lost.
	Recovery *Recovery `json:"recovery,omitempty"`
}

// SealedFile is one file of a sealed hour.
type SealedFile struct {
	Name   string `json:"name"` // path within the archive, with slashes
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
	Rows   int64  `json:"rows"`
	// Repeated is how many rows were left out because their event id was present.
	Repeated int64      `json:"repeated,omitempty"`
	First    *time.Time `json:"first,omitempty"` // least and greatest time of the rows
	Last     *time.Time `json:"last,omitempty"`
	// Merkle is the root of the Merkle tree (RFC 6962) over the rows in their order.
	// With it one row can be proven without the others.
	Merkle *Hash `json:"merkle,omitempty"`
	// Damaged says why the file could not be read when the hour was sealed. Such a file
	// is kept and listed as it was.
	Damaged string `json:"damaged,omitempty"`
}

// Erasure is the destroyed key of a person, whom it does not name.
type Erasure struct {
	Key string    `json:"key"` // id, which the encrypted texts begin with
	At  time.Time `json:"at"`
}

// Period is the time from From up to To.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// File returns what the entry says of a file; nil where the entry does not list it.
func (e *Entry) File(name string) *SealedFile {
	for i := range e.Files {
		if e.Files[i].Name == name {
			return &e.Files[i]
		}
	}
	return nil
}
