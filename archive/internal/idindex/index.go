// Package idindex finds rows that sealed hours hold already, so that a batch that is
// delivered again is not stored twice.
package idindex

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/provisioning"
)

// prefixes are the first four bytes of the event ids in a file, sorted. Four bytes are
// enough that hardly a file is opened for nothing.
type prefixes []uint32

func prefix(id *provisioning.ID) uint32 { return binary.BigEndian.Uint32(id[:]) }

func (p prefixes) mayContain(id *provisioning.ID) bool {
	_, found := slices.BinarySearch(p, prefix(id))
	return found
}

// Index has the prefixes of the files of hours that are open or were sealed last. An
// hour has many files until it is sealed; without the index every batch with a row of
// that hour would open all of them.
type Index struct {
	mu    sync.Mutex
	files map[layout.Partition]map[string]prefixes // guarded by mu
}

func (x *Index) of(p layout.Partition, file string) (list prefixes, known bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	list, known = x.files[p][file]
	return list, known
}

// Add records the event ids of a file.
func (x *Index) Add(p layout.Partition, file string, ids func(yield func(*provisioning.ID) bool)) {
	var list prefixes
	for id := range ids {
		list = append(list, prefix(id))
	}
	x.add(p, file, list)
}

func (x *Index) add(p layout.Partition, file string, list prefixes) {
	slices.Sort(list)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.files == nil {
		x.files = map[layout.Partition]map[string]prefixes{}
	}
	if x.files[p] == nil {
		x.files[p] = map[string]prefixes{}
	}
	x.files[p][file] = list
}

// Merged records that a file holds the rows of others.
func (x *Index) Merged(p layout.Partition, file string, sources []string) {
	var all prefixes
	for _, source := range sources {
		list, known := x.of(p, source)
		if !known {
			return
		}
		all = append(all, list...)
	}
	x.add(p, file, all)
}

// Sealed forgets the hours before the one that was sealed, and of that hour the files
// that were merged.
func (x *Index) Sealed(hour layout.Hour, files []chain.SealedFile) {
	x.mu.Lock()
	defer x.mu.Unlock()
	maps.DeleteFunc(x.files, func(p layout.Partition, indexed map[string]prefixes) bool {
		if p.Hour == hour {
			maps.DeleteFunc(indexed, func(file string, _ prefixes) bool {
				return !slices.ContainsFunc(files, func(f chain.SealedFile) bool { return f.Name == path.Join(p.Path(), file) })
			})
		}
		return p.Hour < hour
	})
}

// Files returns how many files of each partition are in the index.
func (x *Index) Files() map[layout.Partition]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := map[layout.Partition]int{}
	for p, files := range x.files {
		n[p] = len(files)
	}
	return n
}
