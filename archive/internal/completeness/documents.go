package completeness

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
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
	mu    sync.Mutex // guards parts
	parts [partitions]partition
}

type partition struct {
	buffer []document
	file   *os.File // nil until the buffer is full
}

// add adds documents; one may be added any number of times.
func (d *documents) add(list []document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, doc := range list {
		p := &d.parts[doc.hash>>58]
		if p.buffer = append(p.buffer, doc); len(p.buffer) < bufferRows {
			continue
		}
		if p.buffer = distinct(p.buffer); len(p.buffer) < bufferRows/2 {
			continue
		}
		if err := p.spill(); err != nil {
			return err
		}
	}
	return nil
}

func (p *partition) spill() (err error) {
	if p.file == nil {
		if p.file, err = os.CreateTemp("", "provtrail-verify-*"); err != nil {
			return err
		}
	}
	text := make([]byte, 0, len(p.buffer)*documentBytes)
	for _, doc := range p.buffer {
		text = binary.LittleEndian.AppendUint32(text, doc.key)
		text = binary.LittleEndian.AppendUint64(text, doc.hash)
	}
	p.buffer = p.buffer[:0]
	_, err = p.file.Write(text)
	return err
}

// load returns the distinct documents of the partition, in the memory of scratch where it has
// enough.
func (p *partition) load(scratch []document) ([]document, error) {
	list := scratch[:0]
	list = append(list, p.buffer...)
	if p.file == nil {
		return distinct(list), nil
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	from := bufio.NewReader(p.file)
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
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(a.key, b.key)
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
	for i := range d.parts {
		var err error
		if list, err = d.parts[i].load(list); err != nil {
			return nil, err
		}
		for _, doc := range list {
			of[doc.key].count++
			of[doc.key].digest ^= doc.hash
		}
	}
	return of, nil
}

// close removes the temporary files.
func (d *documents) close() (err error) {
	for i := range d.parts {
		if f := d.parts[i].file; f != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}
	return err
}
