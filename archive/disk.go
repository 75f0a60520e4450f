package archive

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// disk is the archive's folder, and how a file gets there so that it is either
// whole and durable or not there at all.
type disk struct {
	root string

	mu    sync.Mutex
	known map[string]bool // folders that are durable
}

func newDisk(root string) *disk { return &disk{root: root, known: map[string]bool{}} }

func (d *disk) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// put writes a file under its name: temporary name, content, fsync, rename, fsync
// of the folder. A file of the same name is replaced in one step. After an error
// nothing is left under the temporary name and nothing changed under the final one,
// unless the last fsync failed.
func (d *disk) put(name string, write func(io.Writer) error) (size int64, err error) {
	final := d.path(name)
	if err := d.mkdir(filepath.Dir(final)); err != nil {
		return 0, err
	}
	temp, err := os.CreateTemp(d.path(tempDir), "*.tmp")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(temp.Name())))
		}
	}()
	err = write(temp)
	if err == nil {
		err = temp.Chmod(0o640)
	}
	if err == nil {
		size, err = temp.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return 0, err
	}
	if err = os.Rename(temp.Name(), final); err != nil {
		return 0, err
	}
	return size, syncDir(filepath.Dir(final))
}

// mkdir makes a folder and its parents, each durable in its own parent.
func (d *disk) mkdir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdirLocked(dir)
}

func (d *disk) mkdirLocked(dir string) error {
	if d.known[dir] {
		if _, err := os.Lstat(dir); err == nil {
			return nil
		}
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := d.mkdirLocked(parent); err != nil {
			return err
		}
		err := os.Mkdir(dir, 0o750)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err == nil {
			if err := syncDir(parent); err != nil {
				return err
			}
		}
	}
	d.known[dir] = true
	return nil
}

// clean removes what a crash left under temporary names.
func (d *disk) clean() (removed int, err error) {
	entries, err := os.ReadDir(d.path(tempDir))
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			err = errors.Join(err, os.Remove(filepath.Join(d.path(tempDir), e.Name())))
			removed++
		}
	}
	return removed, err
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
