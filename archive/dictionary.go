package archive

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"unicode/utf8"
)

// dictionary numbers the distinct texts of a column. They lie one behind another as
// Parquet wants them: each after its length in four bytes.
type dictionary struct {
	text  []byte
	start []uint32 // of each text, behind its length
	slots []slot   // a power of two, at least half of it free
}

type slot struct {
	hash  uint32
	index int32 // + 1; 0 is free
}

var seed = maphash.MakeSeed()

const leastSlots = 64

func (d *dictionary) len() int { return len(d.start) }

func (d *dictionary) reset() {
	d.text, d.start = d.text[:0], d.start[:0]
	if len(d.slots) > 1<<16 { // do not clear for ever what one file needed
		d.slots = nil
	}
	clear(d.slots)
}

func (d *dictionary) at(i int32) []byte {
	from := d.start[i]
	return d.text[from : from+binary.LittleEndian.Uint32(d.text[from-4:])]
}

// index is the number of a text, which it gets if it has none. Text that is not UTF-8
// is mended.
func (d *dictionary) index(s string) int32 {
	if 2*len(d.start) >= len(d.slots) {
		d.grow()
	}
	hash := uint32(maphash.String(seed, s))
	mask := uint32(len(d.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		is := &d.slots[at]
		if is.index == 0 {
			if !utf8.ValidString(s) {
				return d.index(mended(s))
			}
			d.text = append(binary.LittleEndian.AppendUint32(d.text, uint32(len(s))), s...)
			d.start = append(d.start, uint32(len(d.text)-len(s)))
			*is = slot{hash, int32(len(d.start))}
			return is.index - 1
		}
		if is.hash == hash && string(d.at(is.index-1)) == s {
			return is.index - 1
		}
	}
}

func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]slot, max(leastSlots, 2*len(old)))
	mask := uint32(len(d.slots) - 1)
	for _, is := range old {
		if is.index == 0 {
			continue
		}
		at := is.hash & mask
		for d.slots[at].index != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = is
	}
}

// mended text is UTF-8: readers refuse a whole file for one string that is not.
func mended(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
