package columnar

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/internal/freelist"
)

// version is that of an encoded batch, an S2 block in an envelope:
//
//	texts         count, the length of each, all of them
//	4 types       rows, columns: name (a text), kind, values
//
// Numbers are varints. A column's values are indexes of texts, differences from the
// preceding number, 16 bytes of an id, or a count and as many indexes of texts. Columns
// are found by name: one that the program does not know is skipped, one that is absent has
// no values. An item may end before the last type, which then has no rows.
const version = 1

// The kinds of columns are part of the format.
const (
	kindText byte = iota
	kindNumber
	kindID
	kindTexts
)

// encoded is the encoding, made once for all queues that hold the batch.
type encoded struct {
	once sync.Once
	item []byte
}

// encoders keep their buffers, which are as large as the batches.
var encoders = make(freelist.List[*encoder], 2)

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
	e := encoders.Get(func() *encoder { return new(encoder) })
	defer encoders.Put(e)
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
	for _, rows := range b.types() {
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
	if n := envelope.Size + s2.MaxEncodedLen(len(e.body)); cap(e.packed) < n {
		e.packed = make([]byte, n)
	}
	packed := e.packed[:cap(e.packed)]
	packed = packed[:envelope.Size+len(s2.Encode(packed[envelope.Size:], e.body))]
	envelope.Close(packed, version)
	return bytes.Clone(packed)
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
	for i, rows := range b.types() {
		for c := range rows.columns {
			if rows.n > 0 && rows.columns[c].used() {
				list = append(list, columnNames[i][c])
			}
		}
	}
	return list
}

var columnNames = func() (names [types][]string) {
	for i, k := range kinds {
		names[i] = k.columns()
	}
	return names
}()

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
