package archive

import (
	"crypto/ed25519"
	"path/filepath"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/memory"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Hour is an hour of UTC, counted from 1970: the unit in which an archive is
// partitioned and sealed.
type Hour = layout.Hour

// HourOf returns the hour in which t lies.
func HourOf(t time.Time) Hour { return layout.HourOf(t) }

// DataFile is a file of an archive that holds rows.
type DataFile = layout.DataFile

// Hold keeps files whatever the retention: of a tenant, a period, a person or a group.
type Hold = chain.Hold

// Seal is the signed statement of an hour, as it was read.
type Seal = chain.Seal

// SealedFile is a file that a seal lists.
type SealedFile = chain.SealedFile

// Keys sign seals. The first key is in use, the others were used earlier: where the
// last seal was signed by one of them, that key signs one more seal, which names the
// first key as the next one.
type Keys = chain.Keys

// Memory is a place outside the archive that remembers the head of the chain, the files
// of open hours and the last believed time.
type Memory = memory.Store

// State is what a Memory remembers.
type State = memory.State

// Witness is a Memory: a file to which each new head is appended as a line.
type Witness = memory.Witness

// Head is the newest seal of a chain.
type Head = chain.Head

// LastHead reads the last head of a file at HeadPath or of a Witness.
func LastHead(path string) (Head, error) { return memory.LastHead(path) }

// HeadPath returns the file beside a key file that remembers the head of the chain. A key
// file is therefore for one archive.
func HeadPath(private string) string { return private + ".head" }

// CreateKey writes a new Ed25519 key to a PEM file that only its owner may read, and
// its public key to PublicKeyPath.
func CreateKey(path string) (Keys, error) { return chain.CreateKey(path) }

// LoadKeys reads the Ed25519 keys of a PEM file.
func LoadKeys(path string) (Keys, error) { return chain.LoadKeys(path) }

// PublicKeyPath returns where the public key of a new private key is written.
func PublicKeyPath(private string) string { return chain.PublicKeyPath(private) }

// DefaultKeyFile returns the signing key of an archive where no other is configured: a file
// beside its directory. It is empty for object storage, beside which nothing is safe.
func DefaultKeyFile(location string) string {
	if IsURL(location) {
		return ""
	}
	return filepath.Clean(location) + "-signing-key.pem"
}

// LoadPublicKeys reads the Ed25519 public keys of a PEM file.
func LoadPublicKeys(path string) ([]ed25519.PublicKey, error) { return chain.LoadPublicKeys(path) }

// IsURL reports whether the address of an archive names object storage instead of a
// directory.
func IsURL(location string) bool { return blobstore.IsURL(location) }

// Reader reads the rows of one file in their order.
type Reader[T any] = parquetfile.Reader[T]

// OpenRecords opens a file of activity records on this machine. Only the named columns
// are read and set; no name means all columns.
func OpenRecords(path string, columns ...string) (*Reader[record.Record], error) {
	return parquetfile.OpenReader(parquetfile.Activities, path, columns...)
}

// OpenQuarantined opens a file of quarantined data on this machine.
func OpenQuarantined(path string) (*Reader[record.Quarantined], error) {
	return parquetfile.OpenReader(parquetfile.Quarantine, path)
}

// Columns returns the names of the columns of an activity file in their order.
func Columns() []string { return parquetfile.Activities.Columns() }
