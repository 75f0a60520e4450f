package archive

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/provtrail/provtrail/provisioning/record"
)

const magic = "PAR1"

// encoder writes rows column by column into one file.
type encoder[T any] struct {
	table  *table[T]
	to     io.Writer
	at     int64 // bytes written
	chunks []*chunk[T]
	// kept says that the texts of all rows stay where they are until the file is closed.
	kept bool
	// rows and bytes (before compression) of the open row group
	rows, bytes int
	meta        format.FileMetaData
	chunkMeta   [][]indexes // of each row group and column
}

// indexes of a column chunk, written behind all row groups.
type indexes struct {
	pages  format.OffsetIndex
	limits *format.ColumnIndex
}

// newEncoder takes an encoder that has served another file, with its memory.
func newEncoder[T any](t *table[T], to io.Writer, c *zstdCodec) *encoder[T] {
	e := t.encoders.Take(func() *encoder[T] {
		e := &encoder[T]{table: t}
		for i := range t.columns {
			e.chunks = append(e.chunks, newChunk(&t.columns[i]))
		}
		return e
	})
	e.to, e.at, e.meta, e.chunkMeta, e.kept = to, 0, t.template(), nil, false
	for _, k := range e.chunks {
		k.codec = c
	}
	e.reset()
	return e
}

func (e *encoder[T]) reset() {
	e.rows, e.bytes = 0, 0
	for _, k := range e.chunks {
		k.reset()
	}
}

// template is the metadata that all files of a table have: parquet-go knows how a
// schema is written.
func (t *table[T]) template() format.FileMetaData {
	t.begun.Do(func() {
		var empty bytes.Buffer
		err := parquet.NewWriter(&empty, t.config()).Close()
		must(err)
		f, err := parquet.OpenFile(bytes.NewReader(empty.Bytes()), int64(empty.Len()))
		must(err)
		t.metadata = *f.Metadata()
		t.metadata.RowGroups = nil
	})
	return t.metadata
}

// chunkRows are written at once, column by column: as many as stay in the processor's cache.
const chunkRows = 128

// write appends sorted rows. A row group is in memory, compressed, until it is full.
func (e *encoder[T]) write(rows []*T) error {
	for part := range slices.Chunk(rows, chunkRows) {
		for _, k := range e.chunks {
			k.add(part, e.kept)
		}
		e.rows += len(part)
		for _, row := range part {
			e.bytes += e.table.size(row)
		}
		if e.rows >= groupRows || e.bytes >= rowGroupBytes || e.documents() >= groupDocuments {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// documents is how large the largest dictionary is.
func (e *encoder[T]) documents() (n int) {
	for _, k := range e.chunks {
		if k.dict != nil {
			n = max(n, len(k.dict.text))
		}
	}
	return n
}

func (e *encoder[T]) put(text []byte) error {
	if e.at == 0 {
		n, err := io.WriteString(e.to, magic)
		if e.at += int64(n); err != nil {
			return err
		}
	}
	n, err := e.to.Write(text)
	e.at += int64(n)
	return err
}

// flush ends the row group.
func (e *encoder[T]) flush() error {
	if e.rows == 0 {
		return nil
	}
	if err := e.put(nil); err != nil {
		return err
	}
	g := format.RowGroup{NumRows: int64(e.rows), FileOffset: e.at, Ordinal: int16(len(e.meta.RowGroups)), Columns: make([]format.ColumnChunk, 0, len(e.chunks))}
	group := make([]indexes, 0, len(e.chunks))
	for i, k := range e.chunks {
		m, x, err := e.putChunk(k, e.table.columns[i].name)
		if err != nil {
			return err
		}
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: m})
		g.TotalByteSize += m.TotalUncompressedSize
		g.TotalCompressedSize += m.TotalCompressedSize
		group = append(group, x)
	}
	for i, k := range e.chunks {
		if k.column.bloom {
			at := e.at
			if err := e.putFilter(k.filter()); err != nil {
				return err
			}
			m := &g.Columns[i].MetaData
			m.BloomFilterOffset, m.BloomFilterLength = at, int32(e.at-at)
		}
	}
	if !e.table.unsorted {
		g.SortingColumns = e.table.sorted
	}
	e.meta.RowGroups = append(e.meta.RowGroups, g)
	e.meta.NumRows += int64(e.rows)
	e.chunkMeta = append(e.chunkMeta, group)
	e.reset()
	return nil
}

// putChunk writes the pages of a column: the dictionary, and what it was used for.
func (e *encoder[T]) putChunk(k *chunk[T], name string) (m format.ColumnMetaData, x indexes, err error) {
	k.endPage()
	m = format.ColumnMetaData{
		Type: k.kind, PathInSchema: []string{name}, Codec: format.Zstd, NumValues: k.values, Encoding: k.encodings(),
		Statistics: format.Statistics{NullCount: k.whole.nulls, MinValue: k.whole.least, MaxValue: k.whole.greatest},
	}
	start := e.at
	data := k.pages
	if k.dict != nil {
		m.DictionaryPageOffset = start
		k.pages = nil
		k.page(&format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
			NumValues: int32(k.dict.len()), Encoding: format.Plain,
		})}, k.dict.text)
		if err := e.put(k.pages); err != nil {
			return m, x, err
		}
	}
	k.pages = data
	m.DataPageOffset = e.at
	for i := range k.index.PageLocations {
		k.index.PageLocations[i].Offset += e.at
	}
	if err := e.put(data); err != nil {
		return m, x, err
	}
	m.TotalUncompressedSize, m.TotalCompressedSize = k.total, e.at-start
	x.pages = k.index
	if k.bounded {
		limits := k.limits
		limits.BoundaryOrder = k.boundaryOrder()
		x.limits = &limits
	}
	return m, x, nil
}

// encodings are those that the chunk's pages use.
func (k *chunk[T]) encodings() []format.Encoding {
	switch {
	case k.dict != nil:
		return []format.Encoding{format.Plain, format.RLEDictionary}
	case k.kind != format.Int64:
		return []format.Encoding{format.Plain}
	case k.column.node.Optional():
		return []format.Encoding{format.RLE, format.DeltaBinaryPacked}
	default:
		return []format.Encoding{format.DeltaBinaryPacked}
	}
}

// boundaryOrder says whether the pages' bounds rise, so that readers may search.
func (k *chunk[T]) boundaryOrder() format.BoundaryOrder {
	for i := range k.limits.NullPages {
		if k.limits.NullPages[i] || i > 0 && (k.order(k.limits.MinValues[i-1], k.limits.MinValues[i]) > 0 || k.order(k.limits.MaxValues[i-1], k.limits.MaxValues[i]) > 0) {
			return format.Unordered
		}
	}
	return format.Ascending
}

func (e *encoder[T]) putFilter(filter []byte) error {
	header := format.BloomFilterHeader{NumBytes: int32(len(filter))}
	header.Algorithm.Value, header.Hash.Value, header.Compression.Value = &format.SplitBlockAlgorithm{}, &format.XxHash{}, &format.BloomFilterUncompressed{}
	if err := e.putThrift(&header); err != nil {
		return err
	}
	return e.put(filter)
}

func (e *encoder[T]) putThrift(v any) error {
	text, err := thrift.Marshal(&thrift.CompactProtocol{}, v)
	if err != nil {
		return err
	}
	return e.put(text)
}

// close writes the indexes and the footer.
func (e *encoder[T]) close() error {
	if err := e.flush(); err != nil {
		return err
	}
	for g, group := range e.chunkMeta {
		for i, x := range group {
			c := &e.meta.RowGroups[g].Columns[i]
			if x.limits != nil {
				c.ColumnIndexOffset = e.at
				if err := e.putThrift(x.limits); err != nil {
					return err
				}
				c.ColumnIndexLength = int32(e.at - c.ColumnIndexOffset)
			}
		}
	}
	for g, group := range e.chunkMeta {
		for i := range group {
			c := &e.meta.RowGroups[g].Columns[i]
			c.OffsetIndexOffset = e.at
			if err := e.putThrift(&group[i].pages); err != nil {
				return err
			}
			c.OffsetIndexLength = int32(e.at - c.OffsetIndexOffset)
		}
	}
	if err := e.put(nil); err != nil { // a file without rows begins like any other
		return err
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &e.meta)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	if err := e.put(append(footer, magic...)); err != nil {
		return err
	}
	e.to = nil
	if e.memory() <= keptMemory {
		e.table.encoders.Give(e)
	}
	return nil
}

// keptMemory is how large an encoder may be that waits for the next file: those of
// batches are below it, those of whole hours are not.
const keptMemory = 32 << 20

// memory is about how many bytes the encoder's buffers have.
func (e *encoder[T]) memory() (bytes int) {
	for _, k := range e.chunks {
		bytes += cap(k.pages)
		if k.dict != nil {
			bytes += cap(k.dict.text)
		}
	}
	return bytes
}

// writeFile writes a whole file.
func writeFile[T any](t *table[T], to io.Writer, rows []*T) error {
	e := newEncoder(t, to, fastCodec)
	e.kept = true
	if err := e.write(rows); err != nil {
		return err
	}
	return e.close()
}

// RecordWriter writes activity records as a file like those of the archive, in the
// order in which they come.
type RecordWriter struct {
	encoder  *encoder[record.Record]
	pointers []*record.Record
}

// NewRecordWriter begins a file.
func NewRecordWriter(to io.Writer) *RecordWriter {
	return &RecordWriter{encoder: newEncoder(unsorted, to, fastCodec)}
}

// unsorted is the table of activities without the promise that its rows are in order.
var unsorted = func() *table[record.Record] {
	t := newActivities()
	t.unsorted = true
	return t
}()

// Write appends records, which may be used again afterwards.
func (w *RecordWriter) Write(records []record.Record) error {
	w.pointers = w.pointers[:0]
	for i := range records {
		w.pointers = append(w.pointers, &records[i])
	}
	return w.encoder.write(w.pointers)
}

// Close writes the footer.
func (w *RecordWriter) Close() error { return w.encoder.close() }
