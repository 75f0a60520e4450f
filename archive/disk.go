package archive

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
)

// disk is the archive's folder, and how a file gets there so that it is either
// whole and durable or not there at all.
type disk struct {
	root string
	// step is called before each change of the disk: tests crash there.
	step func()
	// sync waits until a file or folder is on the disk.
	sync func(*os.File) error

	now    func() time.Time
	unlock func() error

	mu    sync.Mutex
	known map[string]bool // folders that are durable
}

func newDisk(root string) *disk {
	return &disk{root: root, known: map[string]bool{}, step: func() {}, sync: (*os.File).Sync}
}

func (d *disk) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// put writes a file under its name: temporary name, content, fsync, rename, fsync
// of the folder. A file of the same name is replaced in one step. After an error
// nothing is left under the temporary name and nothing changed under the final one,
// unless the last fsync failed.
func (d *disk) put(_ context.Context, name string, write func(io.Writer) error) (size int64, err error) {
	temp, err := d.temporary(func(w io.Writer) error {
		counted := &counter{to: w}
		err := write(counted)
		size = counted.n
		return err
	})
	if err != nil {
		return 0, err
	}
	return size, d.rename(temp, name)
}

// create relies on there being one writer.
func (d *disk) create(ctx context.Context, name string, text []byte) error {
	if _, err := os.Lstat(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	_, err := d.put(ctx, name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	return err
}

// temporary writes a durable file under a name that no reader sees.
func (d *disk) temporary(write func(io.Writer) error) (path string, err error) {
	d.step()
	f, err := os.CreateTemp(d.path(tempDir), "*.tmp")
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Chmod(0o640)
	}
	d.step()
	if err == nil {
		err = d.sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, ignoreMissing(os.Remove(f.Name())))
	}
	return f.Name(), nil
}

func (d *disk) place(_ context.Context, temp, name string) error { return d.rename(temp, name) }

// rename gives a temporary file its name. After an error it is gone.
func (d *disk) rename(temp, name string) error {
	final := d.path(name)
	err := d.mkdir(filepath.Dir(final))
	d.step()
	if err == nil {
		err = os.Rename(temp, final)
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(temp)))
	}
	d.step()
	return d.syncDir(filepath.Dir(final))
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// remove deletes files, and the folders that are empty then. What is gone already
// is no error.
func (d *disk) remove(_ context.Context, names []string) error {
	folders := map[string]bool{}
	for _, name := range names {
		d.step()
		if err := ignoreMissing(os.Remove(d.path(name))); err != nil {
			return err
		}
		folders[path.Dir(name)] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for dir := range folders {
		err := ignoreMissing(d.syncDir(d.path(dir)))
		for ; err == nil && dir != "."; dir = path.Dir(dir) {
			d.step()
			if os.Remove(d.path(dir)) != nil {
				break // not empty
			}
			delete(d.known, d.path(dir))
			err = d.syncDir(d.path(path.Dir(dir)))
		}
		if err != nil {
			return err
		}
	}
	return nil
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
		d.step()
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

func (d *disk) syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.sync(f), f.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
