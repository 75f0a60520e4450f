package archive

import (
	"encoding/binary"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// holding is what is remembered of the ids in a file: the first bytes of each, sorted.
// Four bytes a row are enough to open hardly any file in vain.
type holding []uint32

func short(id provisioning.ID) uint32 { return binary.BigEndian.Uint32(id[:]) }

func (h holding) mayHold(id provisioning.ID) bool {
	_, found := slices.BinarySearch(h, short(id))
	return found
}

// holdings are those of the files of hours that are open or were sealed last. An hour has
// many files until it is sealed, and while it is being sealed every batch with a row that
// belongs there would open all of them.
type holdings struct {
	mu    sync.Mutex
	files map[partition]map[string]holding // guarded by mu
}

func (h *holdings) of(p partition, file string) (list holding, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list, known = h.files[p][file]
	return list, known
}

func (h *holdings) note(p partition, file string, list holding) {
	slices.Sort(list)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.files == nil {
		h.files = map[partition]map[string]holding{}
	}
	if h.files[p] == nil {
		h.files[p] = map[string]holding{}
	}
	h.files[p][file] = list
}

// merged notes that a file holds what others held.
func (h *holdings) merged(p partition, file string, sources []string) {
	var all holding
	for _, source := range sources {
		list, known := h.of(p, source)
		if !known {
			return
		}
		all = append(all, list...)
	}
	h.note(p, file, all)
}

// sealed forgets the hours before the one that was sealed, and of that one what was merged.
func (h *holdings) sealed(hour Hour, files []SealedFile) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.files, func(p partition, held map[string]holding) bool {
		if p.hour == hour {
			maps.DeleteFunc(held, func(file string, _ holding) bool {
				return !slices.ContainsFunc(files, func(f SealedFile) bool { return f.Name == path.Join(p.path(), file) })
			})
		}
		return p.hour < hour
	})
}
