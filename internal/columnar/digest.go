package columnar

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/provtrail/provtrail/internal/nocopy"
)

// Digest is a hash of the records. A batch with the same records in the same order, and
// the same slice of such a batch, has the same digest in every process.
func (b *Batch) Digest() uint64 {
	b.digest.once.Do(func() { b.digest.sum = b.sum() })
	return b.digest.sum
}

func (b *Batch) sum() uint64 {
	hash := xxhash.New()
	var scratch [8]byte
	number := func(n uint64) {
		binary.LittleEndian.PutUint64(scratch[:], n)
		_, _ = hash.Write(scratch[:])
	}
	if b.parent != nil {
		number(b.parent.Digest())
		number(uint64(b.from))
		number(uint64(b.Len()))
		return hash.Sum64()
	}
	for _, s := range b.texts {
		number(uint64(len(s)))
		_, _ = hash.WriteString(s)
	}
	for _, rows := range b.types() {
		number(uint64(rows.n))
		for i := range rows.columns {
			c := &rows.columns[i]
			if !c.used() {
				continue
			}
			number(uint64(i))
			_, _ = hash.Write(nocopy.Raw(c.Texts))
			_, _ = hash.Write(nocopy.Raw(c.Numbers))
			_, _ = hash.Write(nocopy.Raw(c.IDs))
			for _, list := range c.Lists {
				number(uint64(len(list)))
				_, _ = hash.Write(nocopy.Raw(list))
			}
		}
	}
	return hash.Sum64()
}
