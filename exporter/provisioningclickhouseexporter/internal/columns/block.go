package columns

import (
	"fmt"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Block is rows of one table.
type Block struct {
	Table string
	Input proto.Input
	names string
}

func newBlock(table string) Block { return Block{Table: table} }

func (b *Block) add(name string, column proto.ColInput) {
	b.Input = append(b.Input, proto.InputColumn{Name: name, Data: column})
	b.names = strings.TrimPrefix(b.names+", "+name, ", ")
}

// Names are the columns, as an INSERT lists them.
func (b *Block) Names() string { return b.names }

// Rows is the number of rows.
func (b *Block) Rows() int { return b.Input[0].Data.Rows() }

// Reset empties the block and keeps its memory.
func (b *Block) Reset() { b.Input.Reset() }

// Bytes is the size of the texts, by far the most of a block.
func (b *Block) Bytes() (n int) {
	for _, column := range b.Input {
		if t, ok := column.Data.(*text); ok {
			n += len(t.wire)
		}
	}
	return n
}

// Token identifies what the block says: the same rows in the same order have the same
// token, however often and by whomever they are sent.
func (b *Block) Token() string {
	hash := xxhash.New()
	for _, column := range b.Input {
		switch c := column.Data.(type) {
		case *text:
			_, _ = hash.Write(c.wire)
		case *proto.ColUInt64: // versions
			for _, v := range *c {
				_, _ = hash.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) //nolint:gosec // its low bytes
			}
		}
	}
	return fmt.Sprintf("%s-%d-%016x", b.Table, b.Rows(), hash.Sum64())
}

// micros is the time as all stores keep it.
func micros(t pcommon.Timestamp) int64 { return int64(t / 1000) } //nolint:gosec // below 2^63 after the division
