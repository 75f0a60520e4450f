package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// What readers show in place of a personal text that they cannot decrypt.
const (
	Erased    = personal.Erased    // the key of the person was destroyed
	Encrypted = personal.Encrypted // the key store is not at hand
)

// IsErased reports whether the person of a row that was read was forgotten.
func IsErased(r *record.Record) bool {
	return r.IdentityID == Erased || r.IdentityID == "" && r.AccountID == Erased || r.ReportedOverrides == Erased
}

// PersonalKeys is an open key store: the keys of persons, with which the personal columns of
// an archive are encrypted.
type PersonalKeys = personal.Store

// DefaultPersonalKeys returns the key store of an archive where no other is configured: a
// file beside its directory. It is empty for object storage.
func DefaultPersonalKeys(location string) string {
	if IsURL(location) {
		return ""
	}
	return filepath.Clean(location) + "-personal-keys"
}

// OpenPersonalKeys opens a key store for reading. Where path is empty it is the default one
// of the archive, and nil where that does not exist or must not be read.
func OpenPersonalKeys(location, path string) (*PersonalKeys, error) {
	if path != "" {
		return personal.OpenReader(path)
	}
	if path = DefaultPersonalKeys(location); path == "" {
		return nil, nil
	}
	keys, err := personal.OpenReader(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	return keys, err
}

type personalKeys struct{}

// WithPersonalKeys returns a context with which OpenView decrypts what it reads. The keys may
// be nil. The caller closes them after the views.
func WithPersonalKeys(ctx context.Context, keys *PersonalKeys) context.Context {
	if keys == nil {
		return ctx
	}
	return context.WithValue(ctx, personalKeys{}, keys)
}

// personalMark is the file that names the key store of an archive.
type personalMark struct {
	KeyStore string `json:"key_store"`
}

// keyStoreOf returns the id of the key store with which files of the archive are encrypted;
// empty where none is.
func keyStoreOf(ctx context.Context, s blobstore.Store) (string, error) {
	var mark personalMark
	err := blobstore.ReadJSON(ctx, s, layout.PersonalName, &mark)
	return mark.KeyStore, err
}

// openKeys opens the key store for writing. It is created where nothing in the archive is
// encrypted yet: other keys than those of the files that are there would look as if all was
// well until somebody is to be forgotten.
func (a *Archive) openKeys(ctx context.Context, location, path string) error {
	id, err := keyStoreOf(ctx, a.store)
	if err != nil || path == "" {
		a.locked = id != ""
		return err
	}
	if id == "" { // a copy may lack the mark
		if name, err := chain.Last(ctx, a.store); err == nil && name != "" {
			if last, err := chain.Read(ctx, a.store, name); err == nil {
				id = last.KeyStore
			}
		}
	}
	if within(location, path) {
		return fmt.Errorf("the key store of persons %s lies in the archive: a copy of the archive must not have it; name a file elsewhere", path)
	}
	a.personal, err = personal.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if id != "" {
			return fmt.Errorf("files of the archive are encrypted with the key store of persons %s, which is missing: nothing is written and no new keys are made; put %s back from a copy: %w", id, path, err)
		}
		if err = personal.Create(path); err == nil {
			a.personal, err = personal.Open(path)
		}
	}
	if err != nil {
		return err
	}
	if is := a.personal.ID(); id != "" && id != is {
		return fmt.Errorf("files of the archive are encrypted with the key store of persons %s, and %s is %s: nothing is written; name the right file", id, path, is)
	}
	return blobstore.PutJSON(ctx, a.store, layout.PersonalName, personalMark{a.personal.ID()})
}

// encrypt encrypts the personal columns where the archive is to be encrypted.
func (a *Archive) encrypt(batches []*columnar.Batch) ([]*columnar.Batch, error) {
	switch {
	case a.personal != nil:
		return a.personal.Encrypt(batches)
	case a.locked:
		return nil, fmt.Errorf("archive %s: its files are encrypted and privacy is off now: nothing is written in the clear; switch privacy on, or remove %s from the archive if people are no longer to be forgotten", a.store, layout.PersonalName)
	default:
		return batches, nil
	}
}

func (a *Archive) closeKeys() error {
	if a.personal == nil {
		return nil
	}
	return a.personal.Close()
}

// within reports whether a file lies in the directory of an archive.
func within(location, file string) bool {
	if IsURL(location) {
		return false
	}
	resolve := func(path string) string {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			return resolved
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			return filepath.Join(dir, filepath.Base(path))
		}
		return path
	}
	relative, err := filepath.Rel(resolve(location), resolve(file))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(os.PathSeparator))
}

// openPersonal makes the view decrypt with the keys of the context.
func (v *View) openPersonal(ctx context.Context) error {
	id, err := keyStoreOf(ctx, v.store)
	if err != nil {
		return err
	}
	keys, _ := ctx.Value(personalKeys{}).(*PersonalKeys)
	if id == "" && keys == nil {
		return nil
	}
	v.show, v.locked = keys.Show, keys == nil
	if keys == nil {
		return nil
	}
	if is := keys.ID(); id != "" && id != is {
		return fmt.Errorf("it is encrypted with the key store of persons %s, and %s is %s", id, keys, is)
	}
	return keys.Refresh()
}

// Encrypted reports whether the archive may have encrypted files.
func (v *View) Encrypted() bool { return v.show != nil }

// Locked reports whether the archive has encrypted files and its key store is not at hand.
func (v *View) Locked() bool { return v.locked }
