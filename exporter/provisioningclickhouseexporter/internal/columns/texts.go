package columns

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
)

// text is a String column in its wire format.
type text struct {
	wire []byte
	rows int
}

func (c *text) put(s string) {
	c.wire = binary.AppendUvarint(c.wire, uint64(len(s)))
	c.wire = append(c.wire, s...)
	c.rows++
}

func (c *text) Type() proto.ColumnType       { return proto.ColumnTypeString }
func (c *text) Rows() int                    { return c.rows }
func (c *text) EncodeColumn(b *proto.Buffer) { b.PutRaw(c.wire) }
func (c *text) WriteColumn(w *proto.Writer)  { w.ChainWrite(c.wire) }
func (c *text) Reset()                       { c.wire, c.rows = c.wire[:0], 0 }
func (c *text) size() int                    { return len(c.wire) }

// hexID is a String column of ids: 32 hex digits, or empty for the zero id.
type hexID struct{ text }

func (c *hexID) append(_ *columnar.Batch, from *columnar.Column, n int) {
	if from.IDs == nil {
		c.rows += n
		for range n {
			c.wire = append(c.wire, 0)
		}
		return
	}
	for i := range from.IDs {
		id := &from.IDs[i]
		if id.IsZero() {
			c.put("")
			continue
		}
		c.wire = append(c.wire, byte(hex.EncodedLen(len(id))))
		c.wire = hex.AppendEncode(c.wire, id[:])
		c.rows++
	}
}

// lowCardinality is a column of texts that sends each distinct text of a columnar.Batch
// once. The server converts it where the table has a String column. So a document with
// several records is sent once.
type lowCardinality struct {
	words text     // distinct for each batch, not for all
	keys  []uint32 // of each row
	known []uint32 // by index in the batch: key + 1
}

func (c *lowCardinality) append(b *columnar.Batch, from *columnar.Column, n int) {
	if from.Texts == nil {
		c.repeat(c.key(""), n)
		return
	}
	if cap(c.known) < b.Texts() {
		c.known = make([]uint32, b.Texts())
	}
	c.known = c.known[:b.Texts()]
	clear(c.known)
	for _, n := range from.Texts {
		if c.known[n] == 0 {
			c.known[n] = c.key(b.Text(n)) + 1
		}
		c.keys = append(c.keys, c.known[n]-1)
	}
}

// key adds a text and returns its key.
func (c *lowCardinality) key(s string) uint32 {
	c.words.put(s)
	return uint32(c.words.rows - 1)
}

func (c *lowCardinality) repeat(key uint32, n int) {
	for range n {
		c.keys = append(c.keys, key)
	}
}

func (c *lowCardinality) Type() proto.ColumnType {
	return proto.ColumnTypeLowCardinality.Sub(proto.ColumnTypeString)
}
func (c *lowCardinality) Rows() int { return len(c.keys) }

func (c *lowCardinality) size() int { return c.words.size() }

func (c *lowCardinality) Reset() {
	c.words.Reset()
	c.keys = c.keys[:0]
}

// The header of a LowCardinality column: ClickHouse, SerializationLowCardinality.cpp.
const (
	sharedDictionaries = 1
	additionalKeys     = 1 << 9
	updateDictionary   = 1 << 10
	keys8, keys16      = 0, 1
	keys32             = 2
)

func (c *lowCardinality) EncodeState(b *proto.Buffer) { b.PutInt64(sharedDictionaries) }

func (c *lowCardinality) EncodeColumn(b *proto.Buffer) {
	width := int64(keys8)
	switch {
	case c.words.rows > 1<<16:
		width = keys32
	case c.words.rows > 1<<8:
		width = keys16
	}
	b.PutInt64(additionalKeys | updateDictionary | width)
	b.PutInt64(int64(c.words.rows))
	b.PutRaw(c.words.wire)
	b.PutInt64(int64(len(c.keys)))
	switch width {
	case keys8:
		for _, key := range c.keys {
			b.Buf = append(b.Buf, byte(key))
		}
	case keys16:
		for _, key := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint16(b.Buf, uint16(key))
		}
	default:
		for _, key := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint32(b.Buf, key)
		}
	}
}

func (c *lowCardinality) WriteColumn(w *proto.Writer) { w.ChainBuffer(c.EncodeColumn) }

// status is a column of statuses.
type status struct {
	lowCardinality
	given [len(provisioning.Statuses) + 1]uint32 // by status: key + 1
}

func (c *status) append(_ *columnar.Batch, from *columnar.Column, n int) {
	if from.Numbers == nil {
		c.repeat(c.keyOf(provisioning.StatusUnset), n)
		return
	}
	for _, n := range from.Numbers {
		c.keys = append(c.keys, c.keyOf(provisioning.Status(n)))
	}
}

func (c *status) keyOf(s provisioning.Status) uint32 {
	if c.given[s] == 0 {
		c.given[s] = c.key(s.String()) + 1
	}
	return c.given[s] - 1
}

func (c *status) Reset() {
	c.lowCardinality.Reset()
	clear(c.given[:])
}

// list is an Array(String) column.
type list struct {
	*proto.ColArr[string]
	row []string
}

func newList() *list { return &list{ColArr: new(proto.ColStr).Array()} }

func (c *list) append(b *columnar.Batch, from *columnar.Column, n int) {
	for i := range n {
		c.row = c.row[:0]
		if from.Lists != nil {
			for _, n := range from.Lists[i] {
				c.row = append(c.row, b.Text(n))
			}
		}
		c.ColArr.Append(c.row)
	}
}
