package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/completeness"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/archive/internal/seal"
	"github.com/provtrail/provtrail/provisioning/record"
)

// View is an archive that is open for reading. The archive may be written meanwhile.
// The methods may be called at the same time.
type View struct {
	store blobstore.Store
	// show decrypts a text of a personal column; nil where nothing is encrypted.
	show   func(column, text string) (string, error)
	locked bool
	// publicKey is the file beside the archive with the key that verifies its seals; empty for
	// object storage.
	publicKey string
}

// OpenView opens the archive at an address, see Open. The error wraps fs.ErrNotExist
// where there is none: nothing at all, or a directory without a chain and without the
// directory of a tenant, such as one above or within an archive.
func OpenView(ctx context.Context, location string) (*View, error) {
	s, err := blobstore.Open(ctx, location, blobstore.Options{})
	v := &View{store: s}
	if key := DefaultKeyFile(location); key != "" {
		v.publicKey = PublicKeyPath(key)
	}
	if err == nil {
		if err = isArchive(ctx, s); err == nil {
			err = v.openPersonal(ctx)
		}
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read archive %s: %w", location, err)
	}
	return v, nil
}

func isArchive(ctx context.Context, s blobstore.Store) error {
	if err := s.Exists(ctx, ""); err != nil {
		return err
	}
	names, err := s.Names(ctx, "")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(names, func(name string) bool {
		return layout.IsDataDir(name) || layout.IsWorking(name) || name == layout.ChainDir || name == layout.TempDir
	}) {
		return fmt.Errorf("it is not an archive: no %s, no tenant=..., no %s in it; name the directory that holds them: %w", layout.ChainDir, layout.QuarantineDir, fs.ErrNotExist)
	}
	return nil
}

// Close closes the view.
func (v *View) Close() error { return v.store.Close() }

// Files lists the data files, sorted by hour and name.
func (v *View) Files(ctx context.Context) ([]DataFile, error) {
	return blobstore.DataFiles(ctx, v.store)
}

// Files lists the data files of the archive at an address, sorted by hour and name.
func Files(ctx context.Context, location string) (list []DataFile, err error) {
	v, err := OpenView(ctx, location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return v.Files(ctx)
}

// File is a data file or a seal. Working files of the writer are neither.
type File struct {
	Name     string    `json:"name"` // path within the archive, with slashes
	Size     int64     `json:"size"` // bytes
	Modified time.Time `json:"modified"`
	// Hour is the hour of a data file; nil for a seal.
	Hour *Hour `json:"hour,omitempty"`
}

// List calls f with every data file and seal whose name begins with the prefix, in
// any order, until f returns an error.
func (v *View) List(ctx context.Context, prefix string, f func(File) error) error {
	for is, err := range v.store.Walk(ctx, prefix[:strings.LastIndexByte(prefix, '/')+1]) {
		if err != nil {
			return err
		}
		if is.Irregular || !strings.HasPrefix(is.Name, prefix) || !layout.Published(is.Name) {
			continue
		}
		file := File{Name: is.Name, Size: is.Size, Modified: is.Modified}
		if data, ok := layout.ParseData(is.Name); ok {
			file.Hour = &data.Hour
		}
		if err := f(file); err != nil {
			return err
		}
	}
	return nil
}

// Content is an open data file or seal.
type Content interface {
	io.ReadSeekCloser
	Size() int64 // bytes
	ModTime() time.Time
}

// OpenFile opens a data file or a seal. The error wraps fs.ErrNotExist for any other
// name.
func (v *View) OpenFile(ctx context.Context, name string) (Content, error) {
	if !layout.Published(name) {
		return nil, fmt.Errorf("%s is not the name of a file of an archive: %w", name, fs.ErrNotExist)
	}
	return v.store.Stream(ctx, name)
}

// LastSealed returns the last sealed hour; false where none is sealed.
func (v *View) LastSealed(ctx context.Context) (Hour, bool, error) {
	name, err := chain.Last(ctx, v.store)
	if err != nil {
		return 0, false, err
	}
	h, ok := layout.ParseSeal(name)
	return h, ok, nil
}

// FirstSealed returns the first hour that the chain seals; zero where there is no chain
// or its beginning cannot be read.
func (v *View) FirstSealed(ctx context.Context) (Hour, error) {
	s, err := chain.Read(ctx, v.store, layout.GenesisName)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, chain.ErrNoSeal) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return s.Hour + 1, nil
}

// LostHead returns the seal that is remembered beside the archive's key, where the chain does
// not contain it; else a zero one.
func (v *View) LostHead(ctx context.Context) (Head, error) {
	if v.publicKey == "" {
		return Head{}, nil
	}
	head, err := LastHead(HeadPath(strings.TrimSuffix(v.publicKey, PublicKeyPath(""))))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || err == nil && head.IsZero() {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, err
	}
	for _, name := range []string{layout.SealName(head.Hour), layout.GenesisName} {
		switch s, err := chain.Read(ctx, v.store, name); {
		case err == nil && s.Digest == head.Digest:
			return Head{}, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, chain.ErrNoSeal):
			return Head{}, err
		}
	}
	return head, nil
}

// Seal reads the seal of an hour without checking its signature. The error wraps
// fs.ErrNotExist where the hour is not sealed.
func (v *View) Seal(ctx context.Context, h Hour) (*Seal, error) {
	return chain.Read(ctx, v.store, layout.SealName(h))
}

// Untrusted returns what is wrong with each of the seals that no trusted key signed. Trusted are
// the public key beside the archive and the keys to which it passed signing on; where that key
// is not at hand, known is false and nothing is checked.
func (v *View) Untrusted(ctx context.Context, seals []*Seal) (wrong map[*Seal]string, known bool, err error) {
	if v.publicKey == "" {
		return nil, false, nil
	}
	keys, err := LoadPublicKeys(v.publicKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	handovers, err := v.Handovers(ctx)
	if err != nil {
		return nil, false, err
	}
	_, wrong = chain.Trust(append(handovers, seals...), keys)
	return wrong, true, nil
}

// Handovers returns the seals that name a new key, so that the oldest public key verifies
// what the newest one signed. Seals that cannot be read are left out.
func (v *View) Handovers(ctx context.Context) (seals []*Seal, err error) {
	name, err := chain.Last(ctx, v.store)
	if err != nil || name == "" {
		return nil, err
	}
	first, firstErr := chain.Read(ctx, v.store, layout.GenesisName)
	last, lastErr := chain.Read(ctx, v.store, name)
	if firstErr == nil && lastErr == nil && first.Key == last.Key && last.NextKey == nil {
		return nil, nil // one key signed the whole chain
	}
	err = v.List(ctx, layout.ChainDir+"/", func(file File) error {
		if s, err := chain.Read(ctx, v.store, file.Name); err == nil && s.NextKey != nil {
			seals = append(seals, s)
		}
		return ctx.Err()
	})
	slices.SortFunc(seals, func(a, b *Seal) int { return cmp.Compare(a.Hour, b.Hour) })
	return seals, err
}

// Quarantined yields every row of a file of quarantined data, each valid until the next, of
// which only the named columns are set; no name means all.
func (v *View) Quarantined(ctx context.Context, name string, columns ...string) iter.Seq2[*record.Quarantined, error] {
	return parquetfile.Rows(ctx, v.store, parquetfile.Quarantine, name, columns, v.show)
}

// Statements returns the newest statement of reconciliation in files of each tenant, feed and
// hour of the vendor's clock.
func (v *View) Statements(ctx context.Context, files []DataFile) ([]record.Reconciliation, error) {
	return completeness.Newest(ctx, v.store, files)
}

// Hash returns the SHA-256 of a file in hexadecimal.
func (v *View) Hash(ctx context.Context, name string) (string, error) {
	digest, _, err := blobstore.Hash(ctx, v.store, name, nil)
	return digest, err
}

// Replaced returns the files that the seal in progress has merged into others.
func (v *View) Replaced(ctx context.Context) ([]string, error) { return seal.Replaced(ctx, v.store) }
