package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"time"
)

// How a folder of this machine is a store: the reading half. disk.go writes.

func (d *disk) String() string { return d.root }

func (d *disk) acquire(_ context.Context, now func() time.Time) (since time.Time, err error) {
	d.now = now
	if err := d.mkdir(d.path(tempDir)); err != nil {
		return since, err
	}
	info, err := os.Stat(d.path(lockName))
	if err == nil {
		since = info.ModTime().UTC()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return since, err
	}
	d.unlock, err = lock(d.path(lockName))
	return since, err
}

// alive is the time of the lock file.
func (d *disk) alive(context.Context) error {
	now := d.now()
	return os.Chtimes(d.path(lockName), now, now)
}

func (d *disk) release(context.Context) error { return d.unlock() }

func (d *disk) read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(d.path(name))
}

func (d *disk) open(_ context.Context, name string) (content, error) { return openLocal(d.path(name)) }

func (d *disk) stream(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(d.path(name))
}

func (d *disk) local(_ context.Context, name string) (string, func() error, error) {
	return d.path(name), func() error { return nil }, nil
}

func (d *disk) names(_ context.Context, dir string) ([]string, error) {
	entries, err := os.ReadDir(d.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.Name()
	}
	return list, err
}

func (d *disk) exists(_ context.Context, name string) error {
	_, err := os.Stat(d.path(name))
	return err
}

// walk passes over a folder or file that goes away meanwhile: it expired.
func (d *disk) walk(_ context.Context, prefix string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		top := d.path(path.Clean(prefix))
		err := filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && (p != top || prefix != "") {
				return nil
			}
			if err != nil || e.IsDir() {
				return err
			}
			name, err := filepath.Rel(d.root, p)
			if err != nil {
				return err
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			} else if err != nil {
				return err
			}
			if !yield(found{filepath.ToSlash(name), info.Size(), info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(found{}, err)
		}
	}
}

func (d *disk) close() error { return nil }
