package exportqueue

import (
	"encoding/binary"

	"github.com/provtrail/provtrail/provisioning"
)

// decoder reads values one after the other. After the first that is not there all
// are zero and bad is set.
type decoder struct {
	rest  []byte
	texts []string
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

// count reads how many things of at least one byte each follow.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n) //nolint:gosec // at most len(d.rest)
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.fail()
		return make([]byte, n)
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) fail() { d.bad, d.rest = true, nil }

// readTexts makes one string of all texts; each is a part of it.
func (d *decoder) readTexts() {
	lengths := make([]int, d.count())
	total := 0
	for i := range lengths {
		lengths[i] = d.count()
		total += lengths[i]
	}
	if total > len(d.rest) {
		d.fail()
		return
	}
	all := string(d.bytes(total))
	d.texts = make([]string, len(lengths))
	for i, n := range lengths {
		d.texts[i], all = all[:n], all[n:]
	}
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n >= uint64(len(d.texts)) {
		d.fail()
		return ""
	}
	return d.texts[n]
}

// readRows reads the rows of one sort. Columns that this version does not know are
// passed over.
func readRows[T any](d *decoder, fields []field[T]) []*T {
	n := d.count()
	if n == 0 {
		return nil
	}
	slab := make([]T, n)
	rows := make([]*T, n)
	for i := range rows {
		rows[i] = &slab[i]
	}
	known := make(map[string]func(*T) any, len(fields))
	for i := range fields {
		known[fields[i].name] = fields[i].of
	}
	var nothing *T
	for range d.count() {
		of, ok := known[d.text()]
		kind := kind(d.bytes(1)[0])
		if !ok || kindOf(of(new(T))) != kind {
			of = func(*T) any { return nothing }
		}
		readColumn(d, kind, rows, of)
	}
	return rows
}

func readColumn[T any](d *decoder, kind kind, rows []*T, of func(*T) any) {
	switch kind {
	case kindText:
		for _, r := range rows {
			provisioning.SetText(of(r), d.text())
		}
	case kindNumber:
		var n int64
		for _, r := range rows {
			n += d.varint()
			setNumber(of(r), n)
		}
	case kindID:
		for _, r := range rows {
			bytes := d.bytes(len(provisioning.ID{}))
			if id, ok := of(r).(*provisioning.ID); ok {
				copy(id[:], bytes)
			}
		}
	case kindTexts:
		for _, r := range rows {
			var list []string
			for range d.count() {
				list = append(list, d.text())
			}
			if to, ok := of(r).(*[]string); ok {
				*to = list
			}
		}
	default:
		d.fail()
	}
}
