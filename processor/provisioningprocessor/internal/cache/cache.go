// Package cache holds the encoded states of the groups used last, bounded in
// bytes.
package cache

import (
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// overhead is what an entry costs beside its value: itself and its share of the
// map.
const overhead = 128

// Cache is a least-recently-used cache. It never owns the only copy of a state.
type Cache struct {
	mu      sync.Mutex // guards everything below
	limit   int        // bytes
	bytes   int
	entries map[provisioning.ID]*entry
	ring    entry // ring.next is the newest, ring.prev the oldest
}

type entry struct {
	key        provisioning.ID
	value      []byte
	next, prev *entry
}

// New returns a cache of at most limit bytes.
func New(limit int) *Cache {
	c := &Cache{limit: limit, entries: map[provisioning.ID]*entry{}}
	c.ring.next, c.ring.prev = &c.ring, &c.ring
	return c
}

// Get fills in the values that are cached and returns the indexes of the others.
// Values are shared and must not be changed.
func (c *Cache) Get(keys []provisioning.ID, values [][]byte) (missing []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, key := range keys {
		e, ok := c.entries[key]
		if !ok {
			missing = append(missing, i)
			continue
		}
		values[i] = e.value
		e.unlink()
		c.push(e)
	}
	return missing
}

// Put keeps a value; it returns how many others had to go.
func (c *Cache) Put(key provisioning.ID, value []byte) (evicted int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if ok {
		e.unlink()
		c.bytes += cap(value) - cap(e.value)
		e.value = value
	} else {
		e = &entry{key: key, value: value}
		c.entries[key] = e
		c.bytes += cap(value) + overhead
	}
	c.push(e)
	for c.bytes > c.limit && c.ring.prev != &c.ring {
		c.remove(c.ring.prev)
		evicted++
	}
	return evicted
}

// Delete forgets a value.
func (c *Cache) Delete(key provisioning.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok {
		c.remove(e)
	}
}

// Size returns the number of values and the bytes they take.
func (c *Cache) Size() (values, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries), c.bytes
}

func (c *Cache) remove(e *entry) {
	e.unlink()
	delete(c.entries, e.key)
	c.bytes -= cap(e.value) + overhead
}

func (c *Cache) push(e *entry) {
	e.next, e.prev = c.ring.next, &c.ring
	e.next.prev, e.prev.next = e, e
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }
