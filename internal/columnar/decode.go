package columnar

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/internal/nocopy"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Decode reads the result of Encode, which must not be changed after that. Its error wraps
// one of envelope's.
func Decode(item []byte) (*Batch, error) {
	packed, err := envelope.Open(version, item)
	if err != nil {
		return nil, err
	}
	body, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", envelope.ErrDamaged, err)
	}
	b := &Batch{encoded: &encoded{}}
	b.encoded.once.Do(func() { b.encoded.item = item })
	d := decoder{rest: body}
	b.texts = d.texts()
	d.count = len(b.texts)
	for i, k := range kinds {
		if i > 2 && len(d.rest) == 0 {
			d.rest = []byte{0} // written before there were reconciliations
		}
		k.decode(&d, b)
	}
	if d.bad || len(d.rest) > 0 {
		return nil, fmt.Errorf("%w: its columns are inconsistent", envelope.ErrDamaged)
	}
	b.texts = b.texts[:min(d.used+1, len(b.texts))] // the names of columns follow
	return b, nil
}

// decoder reads values one after the other. After a value that is missing or impossible,
// bad is set and all further values are zero.
type decoder struct {
	rest  []byte
	count int // of texts
	used  int // the highest index of a value's text
	bad   bool
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// length reads a number of elements of at least one byte each.
func (d *decoder) length() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.fail()
		return nil
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) fail() { d.bad, d.rest = true, nil }

// texts reads the texts, which share the memory of the bytes read.
func (d *decoder) texts() []string {
	lengths := make([]int, d.length())
	total := 0
	for i := range lengths {
		lengths[i] = d.length()
		total += lengths[i]
	}
	all := d.bytes(total)
	if d.bad {
		return nil
	}
	texts := make([]string, len(lengths))
	at := 0
	for i, n := range lengths {
		texts[i] = nocopy.String(all[at : at+n])
		at += n
	}
	return texts
}

// text reads the index of a text.
func (d *decoder) text() uint32 {
	n := d.uvarint()
	if n >= uint64(d.count) {
		d.fail()
		return 0
	}
	return uint32(n)
}

// value reads the index of a value's text.
func (d *decoder) value() uint32 {
	n := d.text()
	d.used = max(d.used, int(n))
	return n
}

// maxRows bounds what damaged bytes can have the decoder allocate.
const maxRows = 1 << 24

// readRows reads the rows of one type. It skips columns that the schema does not have, or
// has with another kind.
func readRows[T any](d *decoder, b *Batch, rows *Rows, s *record.Schema[T]) {
	rows.columns = make([]Column, len(s.Fields))
	n := d.uvarint()
	if n == 0 {
		return
	}
	if n > maxRows {
		d.fail()
		return
	}
	rows.n = int(n)
	for range d.length() {
		name := d.text()
		kind := byte(0)
		if head := d.bytes(1); len(head) == 1 {
			kind = head[0]
		}
		column := d.column(rows.n, kind)
		if d.bad {
			return
		}
		i := slices.IndexFunc(s.Fields, func(f record.FieldOf[T]) bool { return f.Column == b.texts[name] })
		if i >= 0 && kindOf(s.Fields[i].Value) == kind {
			rows.columns[i] = column
		}
	}
	rows.measure(b)
}

func kindOf(v record.Value) byte {
	switch v {
	case record.ValueText:
		return kindText
	case record.ValueTexts:
		return kindTexts
	case record.ValueID:
		return kindID
	default:
		return kindNumber
	}
}

func (d *decoder) column(n int, kind byte) (c Column) {
	if n > len(d.rest) { // a value has at least one byte
		d.fail()
		return c
	}
	switch kind {
	case kindText:
		c.Texts = make([]uint32, n)
		for i := range c.Texts {
			c.Texts[i] = d.value()
		}
	case kindNumber:
		c.Numbers = make([]int64, n)
		var before int64
		for i := range c.Numbers {
			before += d.varint()
			c.Numbers[i] = before
		}
	case kindID:
		c.IDs = make([]provisioning.ID, n)
		for i := range c.IDs {
			copy(c.IDs[i][:], d.bytes(len(provisioning.ID{})))
		}
	case kindTexts:
		c.Lists = make([][]uint32, n)
		for i := range c.Lists {
			list := make([]uint32, d.length())
			for j := range list {
				list[j] = d.value()
			}
			c.Lists[i] = list
		}
	default:
		d.fail()
	}
	return c
}

// measure computes the sizes.
func (r *Rows) measure(b *Batch) {
	r.sizes = make([]uint32, r.n)
	for i := range r.sizes {
		r.sizes[i] = fixedSize
	}
	for _, c := range r.columns {
		for i, n := range c.Texts {
			r.sizes[i] += uint32(len(b.texts[n]))
		}
		for i, list := range c.Lists {
			for _, n := range list {
				r.sizes[i] += uint32(len(b.texts[n]))
			}
		}
	}
}
