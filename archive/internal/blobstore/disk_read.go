package blobstore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

func (d *disk) String() string { return d.root }

func (d *disk) Acquire(_ context.Context, now func() time.Time) (lastAlive time.Time, err error) {
	d.now = now
	if err := d.mkdir(d.path(layout.TempDir)); err != nil {
		return lastAlive, err
	}
	info, err := os.Stat(d.path(layout.LockName))
	if err == nil {
		lastAlive = info.ModTime().UTC()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return lastAlive, err
	}
	d.unlock, err = lock(d.path(layout.LockName))
	return lastAlive, err
}

// Heartbeat sets the time of the lock file.
func (d *disk) Heartbeat(context.Context) error {
	now := d.now()
	return os.Chtimes(d.path(layout.LockName), now, now)
}

func (d *disk) Release(context.Context) error { return d.unlock() }

func (d *disk) Abandon() error { return d.unlock() }

func (d *disk) Read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(d.path(name))
}

func (d *disk) Open(_ context.Context, name string) (Content, error) { return openLocal(d.path(name)) }

// OpenHeld needs no copy: the file system keeps what is open.
func (d *disk) OpenHeld(ctx context.Context, name string, _ bool) (Content, error) {
	return d.Open(ctx, name)
}

func (d *disk) Stream(_ context.Context, name string) (Stream, error) {
	return openLocal(d.path(name))
}

func (d *disk) Local(_ context.Context, name string) (string, func() error, error) {
	return d.path(name), func() error { return nil }, nil
}

func (d *disk) Names(_ context.Context, dir string) ([]string, error) {
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

func (d *disk) Exists(_ context.Context, name string) error {
	_, err := os.Stat(d.path(name))
	return err
}

// Walk skips a directory or file that is removed meanwhile: it expired.
func (d *disk) Walk(_ context.Context, prefix string) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
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
			if !yield(Found{filepath.ToSlash(name), info.Size(), info.ModTime(), !info.Mode().IsRegular()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Found{}, err)
		}
	}
}

func (d *disk) Close() error { return nil }
