package completeness

import (
	"encoding/binary"
	"sync"

	"github.com/provtrail/provtrail/internal/extsort"
)

// document is a document of a key, which is the index of a statement.
type document struct {
	key  uint32
	hash uint64
}

// documents counts the distinct documents of each key.
type documents struct {
	mu     sync.Mutex // guards everything below
	sorted extsort.Sorter
}

// add adds documents; one may be added any number of times.
func (d *documents) add(list []document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b [8 + 4]byte
	for _, doc := range list {
		binary.BigEndian.PutUint64(b[:], doc.hash)
		binary.BigEndian.PutUint32(b[8:], doc.key)
		if err := d.sorted.Add(b[:]); err != nil {
			return err
		}
	}
	return nil
}

// held is the distinct documents of a key.
type held struct {
	count  int64
	digest uint64 // as record.DocumentsDigest
}

// count returns what each of so many keys has.
func (d *documents) count(keys int) ([]held, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	of := make([]held, keys)
	for b, err := range d.sorted.All() {
		if err != nil {
			return nil, err
		}
		doc := &of[binary.BigEndian.Uint32(b[8:])]
		doc.count++
		doc.digest ^= binary.BigEndian.Uint64(b)
	}
	return of, nil
}
