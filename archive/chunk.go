package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
	"unsafe"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// chunk is a column of the open row group: its finished pages, compressed, and the
// page that is being filled. parquet-go makes a value of 24 bytes of each cell and
// looks at it several times; this looks once, at what the column's type needs.
type chunk[T any] struct {
	column *column[T]
	codec  *zstdCodec
	kind   format.Type
	// bounded columns have their least and greatest value noted. Documents have not:
	// nobody compares them, and they are long.
	bounded bool

	// the page
	rows    int
	levels  []uint8 // 1: not null
	numbers []int64
	flags   []byte // one bit each
	plain   []byte
	indexes []int32
	bounds  bounds
	noted   []uint32 // by index: the page whose bounds know it
	number  uint32   // of the page

	// the row group
	dict    *dictionary
	full    bool // the dictionary is: what follows is plain
	recent  [recentTexts]recent
	last    string
	lastAt  int32
	pages   []byte
	index   format.OffsetIndex
	limits  format.ColumnIndex
	whole   bounds
	total   int64 // uncompressed
	values  int64
	hashes  []uint64 // of plain text, for the bloom filter
	scratch []byte
	encoded []byte
	packed  []byte
}

// bounds are the least and the greatest of some values, as statistics have them.
type bounds struct {
	least, greatest []byte
	some            bool
	nulls           int64
}

func newChunk[T any](c *column[T]) *chunk[T] {
	k := &chunk[T]{column: c, bounded: !c.document}
	switch {
	case c.text != nil:
		k.kind = format.ByteArray
		if !c.distinct {
			k.dict = &dictionary{}
		}
	case c.flag != nil:
		k.kind = format.Boolean
	default:
		k.kind = format.Int64
	}
	return k
}

// reset begins a row group.
func (k *chunk[T]) reset() {
	if k.dict != nil {
		k.dict.reset()
	}
	clear(k.noted)
	clear(k.recent[:])
	k.number, k.full, k.last, k.lastAt = 1, false, "", -1
	k.pages, k.hashes, k.total, k.values = k.pages[:0], k.hashes[:0], 0, 0
	k.index, k.limits, k.whole, k.bounds = format.OffsetIndex{}, format.ColumnIndex{}, bounds{}, bounds{}
}

// recent is a text by its place in memory, so that it need not be compared or hashed
// again: the records of a batch share theirs.
type recent struct {
	at    *byte
	len   int
	index int32 // + 1; 0 for none
}

const recentTexts = 64

func (k *chunk[T]) recently(s string) *recent {
	return &k.recent[uintptr(unsafe.Pointer(unsafe.StringData(s)))/8%recentTexts]
}

// add appends the column's values of the rows. kept says that their texts stay where they
// are until the file is closed.
func (k *chunk[T]) add(rows []*T, kept bool) {
	switch c := k.column; {
	case c.text != nil && k.dict != nil:
		k.addWords(rows, kept && !c.made)
	case c.text != nil:
		for _, row := range rows {
			k.addPlain(c.text(row, &k.scratch))
		}
	case c.flag != nil:
		for _, row := range rows {
			k.addFlag(c.flag(row))
		}
	default:
		k.addNumbers(rows)
	}
	if k.rows >= pageRows {
		k.endPage()
	}
}

func (k *chunk[T]) addWords(rows []*T, kept bool) {
	for _, row := range rows {
		s := k.column.text(row, &k.scratch)
		if k.full {
			k.addPlain(s)
			continue
		}
		k.indexes = append(k.indexes, k.word(s, kept))
		k.rows++
		if len(k.dict.text) > dictionaryMax {
			k.endPage()
			k.full = true
		}
	}
}

// word is the index of a text.
func (k *chunk[T]) word(s string, kept bool) int32 {
	if kept {
		r := k.recently(s)
		if r.index == 0 || r.at != unsafe.StringData(s) || r.len != len(s) {
			*r = recent{unsafe.StringData(s), len(s), k.dict.index(s) + 1}
		}
		k.note(r.index - 1)
		return r.index - 1
	}
	if k.lastAt < 0 || s != k.last {
		k.lastAt = k.dict.index(s)
		// What the dictionary holds stays where it is or is copied: the old copy is
		// not written to.
		k.last = textOfBytes(k.dict.at(k.lastAt))
		k.note(k.lastAt)
	}
	return k.lastAt
}

// note widens the page's bounds by a word that it may not know.
func (k *chunk[T]) note(i int32) {
	if !k.bounded {
		return
	}
	if int(i) >= len(k.noted) {
		k.noted = append(k.noted, make([]uint32, max(64, int(i)))...)
	}
	if k.noted[i] != k.number {
		k.noted[i] = k.number
		k.bounds.text(k.dict.at(i))
	}
}

func (k *chunk[T]) addPlain(s string) {
	if !utf8.ValidString(s) {
		s = mended(s)
	}
	k.plain = append(binary.LittleEndian.AppendUint32(k.plain, uint32(len(s))), s...)
	text := k.plain[len(k.plain)-len(s):]
	if k.bounded {
		k.bounds.text(text)
	}
	if k.column.bloom {
		k.hashes = append(k.hashes, xxhash.Sum64(text))
	}
	if k.rows++; len(k.plain) >= pageBytes {
		k.endPage()
	}
}

func (k *chunk[T]) addFlag(is bool) {
	if k.rows%8 == 0 {
		k.flags = append(k.flags, 0)
	}
	b := byte(0)
	if is {
		b = 1
	}
	k.flags[len(k.flags)-1] |= b << (k.rows % 8)
	k.bounds.bytes([]byte{b})
	k.rows++
}

func (k *chunk[T]) addNumbers(rows []*T) {
	optional := k.column.node.Optional()
	least, greatest, some := k.bounds.numbers()
	for _, row := range rows {
		n, there := k.column.number(row)
		if optional {
			if !there {
				k.levels = append(k.levels, 0)
				k.bounds.nulls++
				continue
			}
			k.levels = append(k.levels, 1)
		}
		if !some {
			least, greatest, some = n, n, true
		}
		least, greatest = min(least, n), max(greatest, n)
		k.numbers = append(k.numbers, n)
	}
	if k.rows += len(rows); some {
		k.bounds = bounds{appendNumber(k.bounds.least[:0], least), appendNumber(k.bounds.greatest[:0], greatest), true, k.bounds.nulls}
	}
}

func appendNumber(to []byte, n int64) []byte {
	return binary.LittleEndian.AppendUint64(to, uint64(n))
}

func (b *bounds) numbers() (least, greatest int64, some bool) {
	if !b.some {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(b.least)), int64(binary.LittleEndian.Uint64(b.greatest)), true
}

// text widens the bounds, and keeps a copy.
func (b *bounds) text(s []byte) { b.bytes(s) }

func (b *bounds) bytes(s []byte) {
	if !b.some || bytes.Compare(s, b.least) < 0 {
		b.least = append(b.least[:0], s...)
	}
	if !b.some || bytes.Compare(s, b.greatest) > 0 {
		b.greatest = append(b.greatest[:0], s...)
	}
	b.some = true
}

// order compares two values as they stand in statistics.
func (k *chunk[T]) order(a, b []byte) int {
	if k.kind == format.Int64 {
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}
	return bytes.Compare(a, b)
}

// endPage compresses the page.
func (k *chunk[T]) endPage() {
	if k.rows == 0 {
		return
	}
	body, encoding := k.encoded[:0], format.Plain
	if len(k.levels) > 0 {
		body = append(body, 0, 0, 0, 0)
		levels, err := (&rle.Encoding{BitWidth: 1}).EncodeLevels(k.packed[:0], k.levels)
		must(err)
		k.packed = levels
		body = append(body, levels...)
		binary.LittleEndian.PutUint32(body, uint32(len(levels)))
	}
	switch {
	case len(k.indexes) > 0:
		encoding = format.RLEDictionary
		width := max(1, bits.Len(uint(k.dict.len()-1)))
		body = append(body, byte(width))
		packed, err := (&rle.Encoding{BitWidth: width}).EncodeInt32(k.packed[:0], k.indexes)
		must(err)
		k.packed = packed
		body = append(body, packed...)
	case k.kind == format.Int64:
		encoding = format.DeltaBinaryPacked
		packed, err := (&delta.BinaryPackedEncoding{}).EncodeInt64(k.packed[:0], k.numbers)
		must(err)
		k.packed = packed
		body = append(body, packed...)
	case k.kind == format.Boolean:
		body = append(body, k.flags...)
	default:
		body = append(body, k.plain...)
	}
	k.encoded = body
	header := format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(k.rows), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})}
	at := int64(len(k.pages))
	k.page(&header, body)
	k.index.PageLocations = append(k.index.PageLocations, format.PageLocation{Offset: at, CompressedPageSize: int32(int64(len(k.pages)) - at), FirstRowIndex: k.values})
	k.endBounds()
	k.values += int64(k.rows)
	k.rows = 0
	k.levels, k.numbers, k.flags, k.plain, k.indexes = k.levels[:0], k.numbers[:0], k.flags[:0], k.plain[:0], k.indexes[:0]
}

func (k *chunk[T]) endBounds() {
	b := &k.bounds
	k.limits.NullPages = append(k.limits.NullPages, !b.some)
	k.limits.NullCounts = append(k.limits.NullCounts, b.nulls)
	k.limits.MinValues = append(k.limits.MinValues, bytes.Clone(b.least))
	k.limits.MaxValues = append(k.limits.MaxValues, bytes.Clone(b.greatest))
	if b.some {
		if !k.whole.some || k.order(b.least, k.whole.least) < 0 {
			k.whole.least = bytes.Clone(b.least)
		}
		if !k.whole.some || k.order(b.greatest, k.whole.greatest) > 0 {
			k.whole.greatest = bytes.Clone(b.greatest)
		}
		k.whole.some = true
	}
	k.whole.nulls += b.nulls
	b.some, b.nulls, b.least, b.greatest = false, 0, b.least[:0], b.greatest[:0]
	k.lastAt = -1 // the next page notes it again
	k.number++
}

// page appends a page to those that are finished.
func (k *chunk[T]) page(header *format.PageHeader, body []byte) {
	compressed, err := k.codec.Encode(k.packed[:0], body)
	must(err)
	k.packed = compressed
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(body)), int32(len(compressed))
	text, err := thrift.Marshal(&thrift.CompactProtocol{}, header)
	must(err)
	k.pages = append(append(k.pages, text...), compressed...)
	k.total += int64(len(text) + len(body))
}

// filter is the chunk's bloom filter.
func (k *chunk[T]) filter() []byte {
	if k.dict != nil {
		for i := range k.dict.start {
			k.hashes = append(k.hashes, xxhash.Sum64(k.dict.at(int32(i))))
		}
	}
	f := make(bloom.SplitBlockFilter, max(1, bloom.NumSplitBlocksOf(int64(len(k.hashes)), bloomBits)))
	f.InsertBulk(k.hashes)
	return f.Bytes()
}

// must is for encoders that fail only on arguments that are not given here.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
