package columns

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/cespare/xxhash/v2"
)

// Block is rows of one table.
type Block struct {
	Table string
	Input proto.Input
	names string
}

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
		if c, ok := column.Data.(interface{ size() int }); ok {
			n += c.size()
		}
	}
	return n
}

// Token identifies what the block says, by its texts, ids and versions: the same batches
// have the same token, however often and by whomever they are sent.
func (b *Block) Token() string {
	hash := xxhash.New()
	for _, column := range b.Input {
		if c, ok := column.Data.(interface{ hash(*xxhash.Digest) }); ok {
			c.hash(hash)
		}
	}
	return fmt.Sprintf("%s-%d-%016x", b.Table, b.Rows(), hash.Sum64())
}

// write adds the bytes of numbers to a hash.
func write[T uint32 | uint64](to *xxhash.Digest, numbers []T) {
	var one T
	_, _ = to.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), len(numbers)*int(unsafe.Sizeof(one))))
}
