package parquetfile

import (
	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/internal/columnar"
)

// Source is batches of columns that are written to files.
type Source struct {
	batches []*columnar.Batch
	texts   [][]parquet.Value // of each batch, made when a row needs them
}

// NewSource returns a source of batches.
func NewSource(batches []*columnar.Batch) *Source {
	s := &Source{batches: batches, texts: make([][]parquet.Value, len(batches))}
	for i, b := range batches {
		s.texts[i] = make([]parquet.Value, b.Texts())
	}
	return s
}

func (s *Source) text(batch int32, n uint32) parquet.Value {
	v := &s.texts[batch][n]
	if v.IsNull() {
		*v = textValue(toValidUTF8(s.batches[batch].Text(n)))
	}
	return *v
}

func (s *Source) list(batch int32, list []uint32) []string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = s.batches[batch].Text(n)
	}
	return texts
}

// appendCells appends the values of a column in rows of batches, as column.value returns
// them for a row by itself.
func appendCells[T any](to []parquet.Value, t *Table[T], c *column[T], from *Source, refs []Ref, scratch *[]byte) []parquet.Value {
	batch := int32(-1)
	var in, fallback *columnar.Column
	for i := range refs {
		ref := &refs[i]
		if ref.Batch != batch {
			batch = ref.Batch
			rows := t.Rows(from.batches[batch])
			in = rows.Column(c.index)
			if c.fallback != nil {
				fallback = rows.Column(c.fallbackIndex)
			}
		}
		switch {
		case in.Texts != nil:
			to = append(to, from.text(batch, in.Texts[ref.Row]))
		case in.Lists != nil:
			to = append(to, textValue(joinTexts(from.list(batch, in.Lists[ref.Row]))))
		case in.IDs != nil:
			to = append(to, idValue(&in.IDs[ref.Row], scratch))
		case c.fromNumber == nil:
			to = append(to, parquet.ByteArrayValue(nil))
		default:
			n := number(in, ref.Row)
			if n == 0 && fallback != nil {
				n = number(fallback, ref.Row)
			}
			to = append(to, c.fromNumber(n))
		}
	}
	return to
}

func number(in *columnar.Column, row int32) int64 {
	if in.Numbers == nil {
		return 0
	}
	return in.Numbers[row]
}
