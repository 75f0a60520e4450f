// Package locks gives each group a lock of its own while somebody needs it.
package locks

import (
	"bytes"
	"slices"
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// Locks are the locks of the groups in use. The zero value is ready.
type Locks struct {
	mu   sync.Mutex // guards used and the counts in it
	used map[provisioning.ID]*lock
}

type lock struct {
	sync.Mutex
	users int
}

// Lock locks all keys, which must be distinct, and returns the function that
// unlocks them. The locks are taken in the order of the keys, so that two callers
// never wait for each other.
func (l *Locks) Lock(keys []provisioning.ID) (unlock func()) {
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b provisioning.ID) int { return bytes.Compare(a[:], b[:]) })
	taken := make([]*lock, len(sorted))

	l.mu.Lock()
	if l.used == nil {
		l.used = map[provisioning.ID]*lock{}
	}
	for i, key := range sorted {
		k, ok := l.used[key]
		if !ok {
			k = &lock{}
			l.used[key] = k
		}
		k.users++
		taken[i] = k
	}
	l.mu.Unlock()

	for _, k := range taken {
		k.Lock()
	}
	return func() { l.release(sorted, taken) }
}

func (l *Locks) release(keys []provisioning.ID, taken []*lock) {
	for _, k := range taken {
		k.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range taken {
		if k.users--; k.users == 0 {
			delete(l.used, keys[i])
		}
	}
}
