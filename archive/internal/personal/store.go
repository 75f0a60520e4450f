package personal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
)

// Store is an open key store. Several processes may have it open: what one of them changes,
// the others notice before they use a key the next time. Its methods may be called at the
// same time.
type Store struct {
	path string

	mu      sync.Mutex // guards everything below
	file    *os.File
	header  header
	size    int64            // of the file, as far as it was read
	keys    map[token]*Key   // in use
	entries map[KeyID]*entry // without secrets
	at      map[KeyID]int64  // where each entry is
	byID    map[KeyID]*Key
}

// Create makes a key store that only its owner may read. There must be no such file.
func Create(path string) error {
	var h header
	_, _ = rand.Read(h.secret[:]) // never fails
	_, _ = rand.Read(h.id[:])
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("create the key store of persons: %w", err)
	}
	// Written under another name, so that a crash leaves no half of a store.
	temp, err := os.CreateTemp(filepath.Dir(path), ".personal-keys-*") // has mode 0600
	if err != nil {
		return fmt.Errorf("create the key store of persons: %w", err)
	}
	_, err = temp.Write(h.encode())
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Link(temp.Name(), path) // fails where the file exists
	}
	if err = errors.Join(err, os.Remove(temp.Name()), blobstore.SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("create the key store of persons: %w", err)
	}
	return nil
}

// Open opens a key store. The error wraps fs.ErrNotExist where there is none.
func Open(path string) (*Store, error) { return open(path, os.O_RDWR) }

// OpenReader opens a key store for reading texts alone.
func OpenReader(path string) (*Store, error) { return open(path, os.O_RDONLY) }

func open(path string, mode int) (*Store, error) {
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, fmt.Errorf("open the key store of persons: %w", err)
	}
	s := &Store{path: path, file: f}
	if err := s.locked(func() error { return nil }); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.file.Close() }

// String is the path of the store.
func (s *Store) String() string { return s.path }

// ID is the random id of the store, which its archive states.
func (s *Store) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return hex.EncodeToString(s.header.id[:])
}

// Refresh notices what other processes changed.
func (s *Store) Refresh() error { return s.locked(func() error { return nil }) }

// locked calls f while no other process uses the store, with everything as it is on disk.
func (s *Store) locked(f func() error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if err != nil {
			err = fmt.Errorf("key store of persons %s: %w", s.path, err)
		}
	}()
	if err := lock(s.file); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(s.file)) }()
	if err := s.current(); err != nil {
		return err
	}
	if err := s.read(); err != nil {
		return err
	}
	return f()
}

// current returns an error where the file is not the one at the path any more: keys that
// were appended to it would be lost.
func (s *Store) current() error {
	open, err := s.file.Stat()
	if err != nil {
		return err
	}
	is, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file was removed while it was in use: put it back from a copy, or stop the process: %w", err)
	case err != nil:
		return err
	case !os.SameFile(open, is):
		return errors.New("the file was replaced while it was in use: start the process again")
	}
	return nil
}

// read reads what is new in the file: everything where entries were changed.
func (s *Store) read() error {
	var b [entrySize]byte
	if n, err := s.file.ReadAt(b[:], 0); n < entrySize {
		return fmt.Errorf("has no header: %w", err)
	}
	h, err := decodeHeader(b[:])
	if err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if s.size == 0 || h.changes != s.header.changes || info.Size() < s.size {
		s.header, s.size = h, entrySize
		s.keys, s.byID = map[token]*Key{}, map[KeyID]*Key{}
		s.entries, s.at = map[KeyID]*entry{}, map[KeyID]int64{}
	}
	text := make([]byte, info.Size()-s.size)
	if _, err := s.file.ReadAt(text, s.size); err != nil && len(text) > 0 {
		return err
	}
	for ; len(text) >= entrySize; text = text[entrySize:] {
		e, err := decodeEntry(text[:entrySize])
		if err != nil && len(bytes.Trim(text, "\x00")) == 0 {
			return nil // a crash while it was appended: nothing was encrypted with it
		}
		if err != nil {
			return fmt.Errorf("the entry at byte %d %w: put the file back from a copy", s.size, err)
		}
		s.add(e)
	}
	return nil
}

// add takes in the entry at the end of what was read.
func (s *Store) add(e entry) {
	if e.state == live {
		k := newKey(e.id, e.secret[:])
		s.keys[e.person], s.byID[e.id] = k, k
	}
	e.secret = [keyBytes]byte{}
	s.entries[e.id], s.at[e.id] = &e, s.size
	s.size += entrySize
}
