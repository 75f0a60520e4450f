package columns

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/provisioning"
)

// text is a String column held as it goes over the wire.
type text struct {
	wire []byte
	rows int
}

func (c *text) append(s string) {
	c.wire = binary.AppendUvarint(c.wire, uint64(len(s)))
	c.wire = append(c.wire, s...)
	c.rows++
}

// appendID appends 32 hex digits, nothing for the zero id.
func (c *text) appendID(id *provisioning.ID) {
	if id.IsZero() {
		c.append("")
		return
	}
	c.wire = append(c.wire, byte(hex.EncodedLen(len(id))))
	c.wire = hex.AppendEncode(c.wire, id[:])
	c.rows++
}

func (c *text) Type() proto.ColumnType       { return proto.ColumnTypeString }
func (c *text) Rows() int                    { return c.rows }
func (c *text) EncodeColumn(b *proto.Buffer) { b.PutRaw(c.wire) }
func (c *text) WriteColumn(w *proto.Writer)  { w.ChainWrite(c.wire) }
func (c *text) Reset()                       { c.wire, c.rows = c.wire[:0], 0 }

// word is a LowCardinality(String) column. Neighbours often repeat, so the newest
// word is compared before the dictionary is asked.
type word struct {
	dictionary map[string]uint32
	words      text
	keys       []uint32
	last       string
	lastKey    uint32
}

func (c *word) append(s string) {
	if s != c.last || len(c.keys) == 0 {
		key, ok := c.dictionary[s]
		if !ok {
			if c.dictionary == nil {
				c.dictionary = map[string]uint32{}
			}
			key = uint32(len(c.dictionary)) //nolint:gosec // fewer than the rows of a batch
			c.dictionary[s] = key
			c.words.append(s)
		}
		c.last, c.lastKey = s, key
	}
	c.keys = append(c.keys, c.lastKey)
}

func (c *word) Type() proto.ColumnType {
	return proto.ColumnTypeLowCardinality.Sub(proto.ColumnTypeString)
}
func (c *word) Rows() int { return len(c.keys) }

func (c *word) Reset() {
	clear(c.dictionary)
	c.words.Reset()
	c.keys, c.last, c.lastKey = c.keys[:0], "", 0
}

// The header of a LowCardinality column: ClickHouse, SerializationLowCardinality.cpp.
const (
	sharedDictionaries = 1
	additionalKeys     = 1 << 9
	updateDictionary   = 1 << 10
	keys8, keys16      = 0, 1
	keys32             = 2
)

func (c *word) EncodeState(b *proto.Buffer) { b.PutInt64(sharedDictionaries) }

func (c *word) EncodeColumn(b *proto.Buffer) {
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
			b.Buf = append(b.Buf, byte(key)) //nolint:gosec // below 1 << 8
		}
	case keys16:
		for _, key := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint16(b.Buf, uint16(key)) //nolint:gosec // below 1 << 16
		}
	default:
		for _, key := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint32(b.Buf, key)
		}
	}
}

func (c *word) WriteColumn(w *proto.Writer) { w.ChainBuffer(c.EncodeColumn) }

// instant is a DateTime64(6, 'UTC') column of microseconds since 1970.
type instant struct{ proto.ColInt64 }

const instantType = "DateTime64(6, 'UTC')"

func (c *instant) Type() proto.ColumnType { return instantType }

// optional is a Nullable(DateTime64(6, 'UTC')) column; 0 is absent.
type optional struct {
	absent proto.ColUInt8
	micros proto.ColInt64
}

func (c *optional) append(micros int64) {
	absent := uint8(0)
	if micros == 0 {
		absent = 1
	}
	c.absent = append(c.absent, absent)
	c.micros = append(c.micros, micros)
}

func (c *optional) Type() proto.ColumnType { return "Nullable(" + instantType + ")" }
func (c *optional) Rows() int              { return len(c.micros) }

func (c *optional) EncodeColumn(b *proto.Buffer) {
	c.absent.EncodeColumn(b)
	c.micros.EncodeColumn(b)
}

func (c *optional) WriteColumn(w *proto.Writer) {
	c.absent.WriteColumn(w)
	c.micros.WriteColumn(w)
}

func (c *optional) Reset() { c.absent, c.micros = c.absent[:0], c.micros[:0] }
