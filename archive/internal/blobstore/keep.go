package blobstore

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Keep gives a file a second name, so that its content survives when somebody deletes the
// first. A hard link takes no space. File systems without hard links keep nothing.
func (d *disk) Keep(name string) error {
	kept := d.path(path.Join(layout.KeptDir, name))
	if err := d.mkdir(filepath.Dir(kept)); err != nil {
		return err
	}
	d.beforeChange()
	err := os.Link(d.path(name), kept)
	if errors.Is(err, fs.ErrExist) { // of a file that was replaced since
		d.beforeChange()
		if err = os.Remove(kept); err == nil {
			d.beforeChange()
			err = os.Link(d.path(name), kept)
		}
	}
	return err
}

// PutBack drops the second names of the files of hours up to the last sealed one, and gives
// the other files their first name again where it is gone.
func (d *disk) PutBack(last layout.Hour) (names []string, err error) {
	var over, gone []string
	top := d.path(layout.KeptDir)
	err = filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return IgnoreMissing(err)
		}
		name, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if f, ok := layout.ParseData(name); !ok || f.Hour <= last {
			over = append(over, path.Join(layout.KeptDir, name))
			return nil
		}
		if _, err = os.Lstat(d.path(name)); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, name)
			return nil
		}
		return err
	})
	for _, name := range gone {
		if err == nil {
			err = d.putBack(name)
		}
		if err == nil {
			names = append(names, name)
		}
	}
	return names, errors.Join(err, d.remove(over))
}

func (d *disk) putBack(name string) error {
	dir := filepath.Dir(d.path(name))
	if err := d.mkdir(dir); err != nil {
		return err
	}
	d.beforeChange()
	if err := os.Link(d.path(path.Join(layout.KeptDir, name)), d.path(name)); err != nil {
		return err
	}
	return d.syncDir(dir)
}

// Keep and PutBack do nothing in a bucket: an object has one name. Versions of the bucket
// protect what is deleted there.
func (b *bucket) Keep(string) error { return nil }

func (b *bucket) PutBack(layout.Hour) ([]string, error) { return nil, nil }
