package columnar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var errDamaged = errors.New("the bytes are not what was written")

// Decode reads what Encode wrote.
func Decode(item []byte) (*Batch, error) {
	switch {
	case len(item) < headerSize:
		return nil, errDamaged
	case item[0] != format:
		return nil, fmt.Errorf("it has format %d, this binary knows %d", item[0], format)
	case Checksum(item) != xxhash.Sum64(item[headerSize:]):
		return nil, errDamaged
	}
	body, err := s2.Decode(nil, item[headerSize:])
	if err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	b := &Batch{encoded: &encoded{}}
	b.encoded.once.Do(func() { b.encoded.item = item })
	d := decoder{rest: body}
	b.texts = d.texts()
	d.count = len(b.texts)
	readRows(&d, b, &b.Activities, record.Activities)
	readRows(&d, b, &b.Groups, record.Groups)
	readRows(&d, b, &b.Quarantined, record.Quarantine)
	if d.bad || len(d.rest) > 0 {
		return nil, errDamaged
	}
	b.texts = b.texts[:min(d.used+1, len(b.texts))] // behind them are the names of columns
	return b, nil
}

// Checksum is that of the encoded batch, which is not checked.
func Checksum(item []byte) uint64 { return binary.LittleEndian.Uint64(item[1:]) }

// decoder reads values one after the other. After the first that is not there all
// are zero and bad is set.
type decoder struct {
	rest  []byte
	count int // of texts
	used  int // the highest number of a value's text
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

// many reads how many things of at least one byte each follow.
func (d *decoder) many() int {
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

// texts are parts of the bytes read, which nobody changes any more.
func (d *decoder) texts() []string {
	lengths := make([]int, d.many())
	total := 0
	for i := range lengths {
		lengths[i] = d.many()
		total += lengths[i]
	}
	all := d.bytes(total)
	if d.bad {
		return nil
	}
	texts := make([]string, len(lengths))
	at := 0
	for i, n := range lengths {
		texts[i] = unsafe.String(unsafe.SliceData(all[at:]), n)
		at += n
	}
	return texts
}

// text reads the number of a text.
func (d *decoder) text() uint32 {
	n := d.uvarint()
	if n >= uint64(d.count) {
		d.fail()
		return 0
	}
	return uint32(n)
}

// value reads the number of a value's text.
func (d *decoder) value() uint32 {
	n := d.text()
	d.used = max(d.used, int(n))
	return n
}

// maxRows is more than any batch has.
const maxRows = 1 << 24

// readRows reads the rows of one sort. Columns that this version does not know, or knows
// as something else, are passed over.
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
	for range d.many() {
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
			list := make([]uint32, d.many())
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

// measure fills in the sizes.
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
