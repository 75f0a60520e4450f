package archive

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"
)

// DataFile is a file of the archive that holds rows.
type DataFile struct {
	Name string // path within the archive, with slashes
	Dir  string // tenant=<tenant> or quarantine
	Hour Hour
	Size int64     // bytes
	At   time.Time // of its last change
}

// Quarantine says that the file holds quarantined data, not activity records.
func (f DataFile) Quarantine() bool { return f.Dir == quarantineDir }

// files lists the data files under a prefix, sorted by hour and name. Files that
// lie nowhere in the archive's layout are left out.
func files(ctx context.Context, s store, prefix string) (list []DataFile, err error) {
	for f, err := range s.walk(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if data, ok := parseName(f.path); ok {
			data.Size, data.At = f.size, f.at
			list = append(list, data)
		}
	}
	slices.SortFunc(list, func(a, b DataFile) int {
		if a.Hour != b.Hour {
			return int(a.Hour - b.Hour)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// parseName reads <table>/date=../hour=../<name>.parquet.
func parseName(name string) (DataFile, bool) {
	dir, rest, _ := strings.Cut(name, "/")
	if dir != quarantineDir && !strings.HasPrefix(dir, tenantPrefix) || path.Clean(name) != name {
		return DataFile{}, false
	}
	hour, ok := parseHourDir(path.Dir(rest))
	if !ok || !strings.HasSuffix(rest, extension) {
		return DataFile{}, false
	}
	return DataFile{Name: name, Dir: dir, Hour: hour}, true
}
