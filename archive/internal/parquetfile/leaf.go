package parquetfile

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/parquet-go/parquet-go"
	"github.com/transparency-dev/merkle/rfc6962"
)

// LeafHasher computes the leaves of the Merkle tree of a sealed file.
type LeafHasher[T any] struct {
	Table         *Table[T]
	text, scratch []byte
}

// Leaf returns the leaf hash (RFC 6962) of a row: the columns that have a value in
// their order, each as its name and its value with their lengths. It does not depend
// on how Parquet encodes the row, so a row can be proven that was copied out of its
// file.
func (l *LeafHasher[T]) Leaf(row *T) [sha256.Size]byte {
	l.text = append(l.text[:0], rfc6962.RFC6962LeafHashPrefix)
	for i := range l.Table.columns {
		c := &l.Table.columns[i]
		l.scratch = l.scratch[:0]
		v := c.value(row, &l.scratch)
		if v.IsNull() {
			continue
		}
		switch v.Kind() { // no column has another kind
		case parquet.ByteArray:
			if text := v.ByteArray(); len(text) > 0 {
				l.text = append(l.text, c.label...)
				l.text = append(binary.AppendUvarint(l.text, uint64(len(text))), text...)
			}
		case parquet.Boolean:
			if v.Boolean() {
				l.text = append(append(l.text, c.label...), 1, 1)
			}
		default:
			if n := v.Int64(); n != 0 {
				l.text = append(l.text, c.label...)
				l.text = binary.BigEndian.AppendUint64(append(l.text, 8), uint64(n))
			}
		}
	}
	return sha256.Sum256(l.text)
}
