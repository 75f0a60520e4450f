package columnar

import (
	"encoding/binary"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"

	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning/record"
)

// An encoded batch:
//
//	format        1 byte
//	checksum      8 bytes, XXH64 of what follows
//	s2 block of
//	  texts       count, then the length of each, then all of them
//	  3 sorts     rows, then columns: name (a text), kind, values
//
// Numbers are varints. A column's values are indexes of texts, differences from the
// number before, 16 bytes of an id, or a count and as many indexes of texts. Columns are
// found by name, so a batch written by another version of the program can be read; one
// that is not there has no values.
const (
	format     = 1
	headerSize = 1 + 8
)

// The kinds of columns. Their numbers are part of the format.
const (
	kindText byte = iota
	kindNumber
	kindID
	kindTexts
)

// encoded is made once, however many queues the batch stands in.
type encoded struct {
	once sync.Once
	item []byte
}

// encoders are kept for their memory.
var encoders = freelist.New[*encoder](2)

type encoder struct{ body, packed []byte }

// Encode returns the batch as bytes, which must not be changed.
func (b *Batch) Encode() []byte {
	if b.encoded == nil {
		return b.encode()
	}
	b.encoded.once.Do(func() { b.encoded.item = b.encode() })
	return b.encoded.item
}

func (b *Batch) encode() []byte {
	e := encoders.Take(func() *encoder { return new(encoder) })
	defer encoders.Give(e)
	names := b.names()
	e.body = binary.AppendUvarint(e.body[:0], uint64(len(b.texts)+len(names)))
	for _, list := range [...][]string{b.texts, names} {
		for _, s := range list {
			e.body = binary.AppendUvarint(e.body, uint64(len(s)))
		}
	}
	for _, list := range [...][]string{b.texts, names} {
		for _, s := range list {
			e.body = append(e.body, s...)
		}
	}
	number := uint64(len(b.texts))
	for _, rows := range b.sorts() {
		e.body = binary.AppendUvarint(e.body, uint64(rows.n))
		if rows.n == 0 {
			continue
		}
		e.body = binary.AppendUvarint(e.body, uint64(rows.used()))
		for i := range rows.columns {
			if c := &rows.columns[i]; c.used() {
				e.body = binary.AppendUvarint(e.body, number)
				e.body = c.append(e.body)
				number++
			}
		}
	}
	if n := headerSize + s2.MaxEncodedLen(len(e.body)); cap(e.packed) < n {
		e.packed = make([]byte, n)
	}
	packed := e.packed[:cap(e.packed)]
	packed = packed[:headerSize+len(s2.Encode(packed[headerSize:], e.body))]
	packed[0] = format
	binary.LittleEndian.PutUint64(packed[1:], xxhash.Sum64(packed[headerSize:]))
	return append(make([]byte, 0, len(packed)), packed...)
}

func (c *Column) used() bool {
	return c.Texts != nil || c.Numbers != nil || c.IDs != nil || c.Lists != nil
}

// used counts the columns that have values.
func (r *Rows) used() (n int) {
	for i := range r.columns {
		if r.columns[i].used() {
			n++
		}
	}
	return n
}

// names are those of the columns that have values, in their order.
func (b *Batch) names() (list []string) {
	for i, rows := range b.sorts() {
		for c := range rows.columns {
			if rows.n > 0 && rows.columns[c].used() {
				list = append(list, columnNames[i][c])
			}
		}
	}
	return list
}

var columnNames = [...][]string{namesOf(record.Activities), namesOf(record.Groups), namesOf(record.Quarantine)}

func namesOf[T any](s *record.Schema[T]) []string {
	names := make([]string, len(s.Fields))
	for i := range names {
		names[i] = s.Fields[i].Column
	}
	return names
}

func (c *Column) append(to []byte) []byte {
	switch {
	case c.Texts != nil:
		to = append(to, kindText)
		for _, n := range c.Texts {
			to = binary.AppendUvarint(to, uint64(n))
		}
	case c.Numbers != nil:
		to = append(to, kindNumber)
		var before int64
		for _, n := range c.Numbers {
			to = binary.AppendVarint(to, n-before)
			before = n
		}
	case c.IDs != nil:
		to = append(to, kindID)
		for i := range c.IDs {
			to = append(to, c.IDs[i][:]...)
		}
	default:
		to = append(to, kindTexts)
		for _, list := range c.Lists {
			to = binary.AppendUvarint(to, uint64(len(list)))
			for _, n := range list {
				to = binary.AppendUvarint(to, uint64(n))
			}
		}
	}
	return to
}
