package archive

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// View is an archive open for reading, in a folder or in object storage. It may be
// written meanwhile. Its methods may be called at the same time.
type View struct{ store store }

// OpenView opens the archive at an address as Open knows them. The error wraps
// fs.ErrNotExist where there is none.
func OpenView(ctx context.Context, location string) (*View, error) {
	s, err := openStore(ctx, location, "")
	if err == nil {
		err = s.exists(ctx, "")
	}
	if err != nil {
		return nil, fmt.Errorf("read archive %s: %w", location, err)
	}
	return &View{s}, nil
}

// Close lets go of the archive.
func (v *View) Close() error { return v.store.close() }

// Files lists the data files, sorted by hour and name.
func (v *View) Files(ctx context.Context) ([]DataFile, error) { return files(ctx, v.store, "") }

// Published says that a file is for readers: data, quarantined data or a seal, and
// not what the writer keeps for itself. Nothing else of the store can be opened.
func Published(name string) bool {
	if _, ok := parseName(name); ok {
		return true
	}
	_, ok := parseSealName(name)
	return ok || name == genesisName
}

// File is a file of an archive.
type File struct {
	Name string    `json:"name"` // path within the archive, with slashes
	Size int64     `json:"size"`
	At   time.Time `json:"at"` // of its last change
	// Hour is that of a data file; nil for a seal.
	Hour *Hour `json:"hour,omitempty"`
}

// List yields every published file under a prefix to f, in no order that is
// promised, until f returns an error.
func (v *View) List(ctx context.Context, prefix string, f func(File) error) error {
	for is, err := range v.store.walk(ctx, prefix[:strings.LastIndexByte(prefix, '/')+1]) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(is.path, prefix) && Published(is.path) {
			file := File{Name: is.path, Size: is.size, At: is.at}
			if data, ok := parseName(is.path); ok {
				file.Hour = &data.Hour
			}
			if err := f(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// Content is a published file that is open.
type Content struct {
	io.ReadSeekCloser
	Size int64     // bytes
	At   time.Time // of its last change
}

// OpenFile opens a published file. The error wraps fs.ErrNotExist for any other.
func (v *View) OpenFile(ctx context.Context, name string) (*Content, error) {
	if !Published(name) {
		return nil, fmt.Errorf("%s is no file of an archive: %w", name, fs.ErrNotExist)
	}
	if b, remote := v.store.(*bucket); remote {
		r, err := b.blob.NewReader(ctx, name, nil)
		if err != nil {
			return nil, known(err)
		}
		return &Content{r, r.Size(), r.ModTime()}, nil
	}
	f, err := v.store.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Content{f.(*localFile).File, f.Size(), f.ModTime()}, nil
}

// LastSealed is the newest hour that is sealed; false where none is.
func (v *View) LastSealed(ctx context.Context) (Hour, bool, error) {
	name, err := newestSeal(ctx, v.store)
	if err != nil {
		return 0, false, err
	}
	h, ok := parseSealName(name)
	return h, ok, nil
}

// Seal is a seal as it was read.
type Seal struct {
	Entry
	Name      string
	Digest    string // SHA-256 of the seal's file
	Text      []byte // the file
	Line      []byte // what is signed
	Signature []byte // Ed25519
}

// SignedBy says that the key signed it.
func (s *Seal) SignedBy(key ed25519.PublicKey) bool {
	return (&seal{line: s.Line, signature: s.Signature}).signedBy(key)
}

// ReadSeal reads an hour's seal. The error wraps fs.ErrNotExist where the hour is
// not sealed.
func (v *View) ReadSeal(ctx context.Context, h Hour) (*Seal, error) {
	name := sealName(h)
	text, err := v.store.read(ctx, name)
	if err != nil {
		return nil, err
	}
	return ParseSeal(name, text)
}

// Chain yields every seal of the chain to f, until f returns an error. One that cannot
// be read is an error: provtrail verify says more.
func (v *View) Chain(ctx context.Context, f func(*Seal) error) error {
	return v.List(ctx, chainDir+"/", func(file File) error {
		text, err := v.store.read(ctx, file.Name)
		if err != nil {
			return err
		}
		s, err := ParseSeal(file.Name, text)
		if err != nil {
			return err
		}
		return f(s)
	})
}

// ParseSeal reads a seal's text. The signature is not checked.
func ParseSeal(name string, text []byte) (*Seal, error) {
	s, err := parseSeal(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	return &Seal{s.Entry, name, s.digest, text, s.line, s.signature}, nil
}

// Files lists the data files of the archive at an address, sorted by hour and name.
func Files(ctx context.Context, location string) ([]DataFile, error) {
	v, err := OpenView(ctx, location)
	if err != nil {
		return nil, err
	}
	list, err := v.Files(ctx)
	if closeErr := v.Close(); err == nil {
		err = closeErr
	}
	return list, err
}
