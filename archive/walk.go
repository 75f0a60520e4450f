package archive

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DataFile is a file of the archive that holds rows.
type DataFile struct {
	Name string // path within the archive, with slashes
	Dir  string // tenant=<tenant> or quarantine
	Hour Hour
	Size int64 // bytes
}

// Quarantine says that the file holds quarantined data, not activity records.
func (f DataFile) Quarantine() bool { return f.Dir == quarantineDir }

// Files lists the data files of an archive, sorted by hour and name. Files that
// lie nowhere in its layout are left out.
func Files(root string) ([]DataFile, error) {
	var files []DataFile
	for name, err := range walk(root) {
		if err != nil {
			return nil, err
		}
		if f, ok := parseName(name.path); ok {
			f.Size = name.size
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b DataFile) int {
		if a.Hour != b.Hour {
			return int(a.Hour - b.Hour)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return files, nil
}

// parseName reads <table>/date=../hour=../<name>.parquet.
func parseName(name string) (DataFile, bool) {
	dir, rest, _ := strings.Cut(name, "/")
	if dir != quarantineDir && !strings.HasPrefix(dir, tenantPrefix) {
		return DataFile{}, false
	}
	hour, ok := parseHourDir(path.Dir(rest))
	if !ok || !strings.HasSuffix(rest, extension) {
		return DataFile{}, false
	}
	return DataFile{Name: name, Dir: dir, Hour: hour}, true
}

type found struct {
	path string // within the root, with slashes
	size int64
}

// walk yields every file below root. A folder or file that goes away meanwhile is
// passed over: it expired.
func walk(root string) func(yield func(found, error) bool) {
	return func(yield func(found, error) bool) {
		err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && p != root {
				return nil
			}
			if err != nil {
				return err
			}
			if e.IsDir() {
				return nil
			}
			name, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			info, err := e.Info()
			if errors.Is(err, os.ErrNotExist) {
				return nil
			} else if err != nil {
				return err
			}
			if !yield(found{filepath.ToSlash(name), info.Size()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(found{}, err)
		}
	}
}
