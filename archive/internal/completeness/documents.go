package completeness

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/provtrail/provtrail/internal/tempfiles"
)

// document is a document of a key, which is the index of a statement.
type document struct {
	key  uint32
	hash uint64
}

const (
	partitions    = 64
	bufferRows    = 16 << 10 // documents of a partition in memory, 256 KiB
	documentBytes = 12       // in a file
)

// documents counts the distinct documents of each key. It has 16 MiB of documents in memory
// and the others in temporary files, one for each partition by hash; counting reads one of
// these files at a time: of 40 million rows, a file has 7.5 MB, which take 10 MB in memory.
type documents struct {
	mu      sync.Mutex // guards everything below
	buffers [partitions][]document
	files   tempfiles.Parts // none until a buffer is full
}

// add adds documents; one may be added any number of times.
func (d *documents) add(list []document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, doc := range list {
		part := int(doc.hash >> 58)
		buffer := &d.buffers[part]
		if *buffer = append(*buffer, doc); len(*buffer) < bufferRows {
			continue
		}
		if *buffer = distinct(*buffer); len(*buffer) < bufferRows/2 {
			continue
		}
		if err := d.spill(part); err != nil {
			return err
		}
	}
	return nil
}

func (d *documents) spill(part int) error {
	if d.files.Len() == 0 {
		if err := d.files.Add(partitions); err != nil {
			return err
		}
	}
	text := make([]byte, 0, len(d.buffers[part])*documentBytes)
	for _, doc := range d.buffers[part] {
		text = binary.LittleEndian.AppendUint32(text, doc.key)
		text = binary.LittleEndian.AppendUint64(text, doc.hash)
	}
	d.buffers[part] = d.buffers[part][:0]
	return d.files.Write(part, text)
}

// load returns the distinct documents of a part, in the memory of list where it has enough.
func (d *documents) load(part int, list []document) ([]document, error) {
	list = append(list[:0], d.buffers[part]...)
	if d.files.Len() == 0 {
		return distinct(list), nil
	}
	from, err := d.files.Open(part)
	if err != nil {
		return nil, err
	}
	var text [documentBytes]byte
	for {
		if _, err := io.ReadFull(from, text[:]); errors.Is(err, io.EOF) {
			return distinct(list), nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, document{binary.LittleEndian.Uint32(text[:]), binary.LittleEndian.Uint64(text[4:])})
	}
}

func distinct(list []document) []document {
	slices.SortFunc(list, func(a, b document) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.key, b.key))
	})
	return slices.Compact(list)
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
	var list []document
	for part := range d.buffers {
		var err error
		if list, err = d.load(part, list); err != nil {
			return nil, err
		}
		for _, doc := range list {
			of[doc.key].count++
			of[doc.key].digest ^= doc.hash
		}
	}
	return of, nil
}
