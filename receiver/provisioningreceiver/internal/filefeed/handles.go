package filefeed

import (
	"os"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// openFile is a file that can be read.
type openFile struct {
	file   *file
	handle *os.File
	path   string // where it was found last
	key    string // likewise: see found
}

// handles keeps the files that were read last open.
type handles struct {
	limit int

	mu   sync.Mutex // guards open
	open *simplelru.LRU[*file, openFile]
}

func newHandles(limit int) *handles {
	open, err := simplelru.NewLRU[*file, openFile](limit+1, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &handles{limit: limit, open: open}
}

// add keeps a file open, and closes the one that was read the longest time ago if there
// are too many, and another handle of the same file.
func (h *handles) add(o openFile) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if other, ok := h.open.Peek(o.file); ok {
		_ = other.handle.Close() // it was only read
	}
	h.open.Add(o.file, o)
	if h.open.Len() > h.limit {
		_, oldest, _ := h.open.RemoveOldest()
		_ = oldest.handle.Close() // it was only read
	}
}

// take returns the open files that a condition holds for, which the caller closes or adds.
func (h *handles) take(condition func(openFile) bool) (taken []openFile) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.open.Values() {
		if condition(o) {
			h.open.Remove(o.file)
			taken = append(taken, o)
		}
	}
	return taken
}

func (h *handles) close() {
	for _, o := range h.take(func(openFile) bool { return true }) {
		_ = o.handle.Close() // it was only read
	}
}
