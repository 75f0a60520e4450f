package columns

import (
	"slices"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/provtrail/provtrail/internal/columnar"
)

// Columns of fixed width. Where a columnar.Column has no values, all are zero.

// number is an Int64 column.
type number struct{ proto.ColInt64 }

func (c *number) append(_ *columnar.Batch, from *columnar.Column, n int) {
	c.ColInt64 = append(zeros(c.ColInt64, from, n), from.Numbers...)
}

// zeros appends n zeros where there are no values.
func zeros[T any](to []T, from *columnar.Column, n int) []T {
	if from.Numbers != nil {
		return slices.Grow(to, n)
	}
	at := len(to)
	to = slices.Grow(to, n)[:at+n]
	clear(to[at:])
	return to
}

// count is a UInt64 column.
type count struct{ proto.ColUInt64 }

func (c *count) append(_ *columnar.Batch, from *columnar.Column, n int) {
	c.ColUInt64 = zeros(c.ColUInt64, from, n)
	for _, v := range from.Numbers {
		c.ColUInt64 = append(c.ColUInt64, uint64(v))
	}
}

// flag is a Bool column.
type flag struct{ proto.ColBool }

func (c *flag) append(_ *columnar.Batch, from *columnar.Column, n int) {
	c.ColBool = zeros(c.ColBool, from, n)
	for _, v := range from.Numbers {
		c.ColBool = append(c.ColBool, v != 0)
	}
}

// instant is a DateTime64(6, 'UTC') column of microseconds since 1970.
type instant struct{ proto.ColInt64 }

const instantType = "DateTime64(6, 'UTC')"

func (c *instant) Type() proto.ColumnType { return instantType }

func (c *instant) append(_ *columnar.Batch, from *columnar.Column, n int) {
	c.ColInt64 = zeros(c.ColInt64, from, n)
	for _, nanoseconds := range from.Numbers {
		c.ColInt64 = append(c.ColInt64, nanoseconds/1000)
	}
}

// optional is a Nullable(DateTime64(6, 'UTC')) column; 0 is absent.
type optional struct {
	absent proto.ColUInt8
	micros instant
}

func (c *optional) append(b *columnar.Batch, from *columnar.Column, n int) {
	at := c.Rows()
	c.micros.append(b, from, n)
	for ; at < c.Rows(); at++ {
		absent := uint8(0)
		if c.micros.ColInt64[at] == 0 {
			absent = 1
		}
		c.absent = append(c.absent, absent)
	}
}

func (c *optional) Type() proto.ColumnType { return "Nullable(" + instantType + ")" }
func (c *optional) Rows() int              { return c.micros.Rows() }

func (c *optional) EncodeColumn(b *proto.Buffer) {
	c.absent.EncodeColumn(b)
	c.micros.EncodeColumn(b)
}

func (c *optional) WriteColumn(w *proto.Writer) {
	c.absent.WriteColumn(w)
	c.micros.WriteColumn(w)
}

func (c *optional) Reset() {
	c.absent.Reset()
	c.micros.Reset()
}
