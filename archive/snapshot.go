package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/provtrail/provtrail/provisioning"
)

// Snapshot holds files of activity records open, so that they can be read several
// times while the archive is written, sealed and expired. An event id may occur in
// two of its files: hours that are not sealed hold repetitions.
type Snapshot struct {
	Files []DataFile
	open  []*os.File
}

// OpenSnapshot opens the activity files that keep asks for; nil asks for all.
func OpenSnapshot(root string, keep func(DataFile) bool) (*Snapshot, error) {
	if _, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	// A file that goes between listing and opening was just replaced or expired:
	// look again.
	for try := 0; ; try++ {
		s, err := openSnapshot(root, keep)
		if err == nil {
			return s, nil
		}
		if try == 10 || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read archive %s: %w", root, err)
		}
	}
}

func openSnapshot(root string, keep func(DataFile) bool) (*Snapshot, error) {
	files, err := Files(root)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	for _, f := range files {
		if f.Quarantine() || keep != nil && !keep(f) {
			continue
		}
		file, err := os.Open(filepath.Join(root, filepath.FromSlash(f.Name)))
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.Files, s.open = append(s.Files, f), append(s.open, file)
	}
	return s, nil
}

// Read reads a file from its beginning; see OpenRecords. Only one reader of a file
// may be in use at a time.
func (s *Snapshot) Read(file int, columns ...string) (*Reader[provisioning.Record], error) {
	r := &Reader[provisioning.Record]{path: s.open[file].Name(), file: s.open[file], borrowed: true}
	if err := r.open(activities, columns); err != nil {
		return nil, errors.Join(fmt.Errorf("read archive file %s: %w", r.path, err), r.Close())
	}
	return r, nil
}

// Close closes the files.
func (s *Snapshot) Close() (err error) {
	for _, f := range s.open {
		err = errors.Join(err, f.Close())
	}
	s.open = nil
	return err
}

// ReadSeal returns what the seal of an hour promises and the SHA-256 of the seal
// itself. The error wraps fs.ErrNotExist where the hour is not sealed.
func ReadSeal(root string, h Hour) (Entry, string, error) {
	name := sealName(h)
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return Entry{}, "", err
	}
	s, err := parseSeal(text)
	if err != nil {
		return Entry{}, "", fmt.Errorf("%s %w", name, err)
	}
	return s.Entry, s.digest, nil
}
