package blobstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// disk is a directory. This file has its writing half, disk_read.go the other.
type disk struct {
	root         string
	beforeChange func()
	sync         func(*os.File) error

	now    func() time.Time
	unlock func() error

	mu      sync.Mutex      // guards durable
	durable map[string]bool // directories whose entry in their parent was synced
}

func newDisk(root string, opt Options) *disk {
	d := &disk{root: root, durable: map[string]bool{}, beforeChange: opt.BeforeChange, sync: (*os.File).Sync}
	if opt.NoSync {
		d.sync = func(*os.File) error { return nil }
	}
	return d
}

func (d *disk) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Put writes a temporary file, syncs it, renames it and syncs the directory. After an
// error the temporary file is removed and the file of that name is as it was, unless
// the last sync failed.
func (d *disk) Put(_ context.Context, name string, write func(io.Writer) error) (size int64, err error) {
	temp, err := d.Temporary(func(w io.Writer) error {
		counted := &CountingWriter{To: w}
		err := write(counted)
		size = counted.N
		return err
	})
	if err != nil {
		return 0, err
	}
	return size, d.rename(temp, name)
}

// Create relies on there being one writer.
func (d *disk) Create(ctx context.Context, name string, text []byte) error {
	if _, err := os.Lstat(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	_, err := d.Put(ctx, name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	return err
}

func (d *disk) Post(ctx context.Context, name string, text []byte) error {
	return d.Create(ctx, name, text)
}

// Temporary writes a durable file under a name that no reader sees.
func (d *disk) Temporary(write func(io.Writer) error) (path string, err error) {
	d.beforeChange()
	f, err := os.CreateTemp(d.path(layout.TempDir), "*.tmp")
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(0o640)
	}
	d.beforeChange()
	if err == nil {
		err = d.sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, IgnoreMissing(os.Remove(f.Name())))
	}
	return f.Name(), nil
}

// Move renames a temporary file.
func (d *disk) Move(_ context.Context, temp, name string) error { return d.rename(temp, name) }

// rename gives a temporary file its name. After an error the temporary file is removed.
func (d *disk) rename(temp, name string) error {
	final := d.path(name)
	err := d.mkdir(filepath.Dir(final))
	d.beforeChange()
	if err == nil {
		err = os.Rename(temp, final)
	}
	if err != nil {
		return errors.Join(err, IgnoreMissing(os.Remove(temp)))
	}
	d.beforeChange()
	return d.syncDir(filepath.Dir(final))
}

// CountingWriter counts the bytes that go to a writer.
type CountingWriter struct {
	To io.Writer
	N  int64
}

func (c *CountingWriter) Write(p []byte) (int, error) {
	n, err := c.To.Write(p)
	c.N += int64(n)
	return n, err
}

// Remove deletes files and the directories that are empty then.
func (d *disk) Remove(_ context.Context, names []string) error { return d.remove(names) }

func (d *disk) remove(names []string) error {
	dirs := map[string]bool{}
	for _, name := range names {
		d.beforeChange()
		if err := IgnoreMissing(os.Remove(d.path(name))); err != nil {
			return err
		}
		dirs[path.Dir(name)] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir := range dirs {
		err := IgnoreMissing(d.syncDir(d.path(dir)))
		for ; err == nil && dir != "."; dir = path.Dir(dir) {
			d.beforeChange()
			if os.Remove(d.path(dir)) != nil {
				break // not empty
			}
			delete(d.durable, d.path(dir))
			err = d.syncDir(d.path(path.Dir(dir)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mkdir makes a directory and its parents and syncs each parent.
func (d *disk) mkdir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mkdirLocked(dir)
}

func (d *disk) mkdirLocked(dir string) error {
	if d.durable[dir] {
		if _, err := os.Lstat(dir); err == nil {
			return nil
		}
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := d.mkdirLocked(parent); err != nil {
			return err
		}
		d.beforeChange()
		err := os.Mkdir(dir, 0o750)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err == nil {
			if err := d.syncDir(parent); err != nil {
				return err
			}
		}
	}
	d.durable[dir] = true
	return nil
}

// Clean removes temporary files that a crash left behind.
func (d *disk) Clean() (removed int, err error) {
	entries, err := os.ReadDir(d.path(layout.TempDir))
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			err = errors.Join(err, os.Remove(filepath.Join(d.path(layout.TempDir), e.Name())))
			removed++
		}
	}
	return removed, err
}

func (d *disk) syncDir(dir string) error { return syncDir(dir, d.sync) }

func syncDir(dir string, sync func(*os.File) error) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(sync(f), f.Close())
}

// SyncDir makes the names in a directory of this machine durable.
func SyncDir(dir string) error { return syncDir(dir, (*os.File).Sync) }

// IgnoreMissing returns nil for an error that wraps fs.ErrNotExist.
func IgnoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
