package parquetfile

import (
	"io"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Limits of what is written. A page is what a reader reads at once: small pages serve
// look-ups and keep the memory of merging many files low.
const (
	pageBytes = 64 << 10
	// A row group ends at maxGroupRows rows or about maxGroupBytes in memory, most of
	// which is the dictionary of its documents: a reader has that in memory.
	maxGroupRows  = 250_000
	maxGroupBytes = 16 << 20
	// sliceRows are written to one column after another, and then to the next.
	sliceRows = 512
	// dictionaryBytes is beyond what a row group may have.
	dictionaryBytes = 64 << 20
	bloomBits       = 10 // per value: one look-up in a hundred finds nothing
	// indexText is how much of a text's bounds the page index keeps: ids are complete.
	indexText = 64
)

// Files of open hours are soon replaced; a sealed file is kept and read often.
var (
	fastCodec   = newCodec(zstd.SpeedFastest)
	sealedCodec = newCodec(zstd.SpeedDefault)
)

// Writer writes one file.
type Writer[T any] struct {
	table  *Table[T]
	file   *parquet.GenericWriter[any]
	reuse  bool  // for the next file of an open hour
	rows   int   // of the open row group
	before int64 // bytes of the file before the open row group

	values  []parquet.Value
	scratch []byte
}

// NewWriter begins a file of an open hour.
func NewWriter[T any](t *Table[T], to io.Writer) *Writer[T] {
	w := t.spare.Get(func() *Writer[T] { return newWriter(t, to, fastCodec, true) })
	w.reuse = true
	w.file.Reset(to)
	w.rows, w.before = 0, 0
	return w
}

// NewSealedWriter begins a file of a sealed hour.
func NewSealedWriter[T any](t *Table[T], to io.Writer) *Writer[T] {
	return newWriter(t, to, sealedCodec, true)
}

// NewReportWriter begins a file with the named columns in their order, which is not a file
// of an archive.
func NewReportWriter(to io.Writer, columns []string) *Writer[record.Record] {
	return newWriter(Activities.with(columns), to, fastCodec, false)
}

func newWriter[T any](t *Table[T], to io.Writer, codec compress.Codec, sorted bool) *Writer[T] {
	// Readers have the bounds of pages in the page index.
	return &Writer[T]{table: t, file: parquet.NewGenericWriter[any](to, t.config(codec, sorted), parquet.DataPageStatistics(false))}
}

func (t *Table[T]) config(codec compress.Codec, sorted bool) *parquet.WriterConfig {
	c := parquet.DefaultWriterConfig()
	c.Schema = t.schema
	c.CreatedBy = "provtrail"
	c.Compression = codec
	c.PageBufferSize = pageBytes
	c.DataPageVersion = 1 // every reader knows it
	c.DictionaryMaxBytes = dictionaryBytes
	c.ColumnIndexSizeLimit = func([]string) int { return indexText }
	c.KeyValueMetadata = map[string]string{MetaTable: t.name, MetaVersion: strconv.Itoa(SchemaVersion)}
	for i := range t.columns {
		if t.columns[i].bloom {
			c.BloomFilters = append(c.BloomFilters, parquet.SplitBlockFilter(bloomBits, t.columns[i].name))
		}
	}
	if sorted {
		c.Sorting.SortingColumns = []parquet.SortingColumn{parquet.Ascending(t.timeColumn), parquet.Ascending("event_id")}
	}
	return c
}

// WriteRows appends rows, which may be changed afterwards.
func (w *Writer[T]) WriteRows(rows []*T) error {
	for part := range slices.Chunk(rows, sliceRows) {
		err := w.writeSlice(len(part), func(c *column[T]) {
			for _, row := range part {
				w.values = append(w.values, c.value(row, &w.scratch))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// WriteColumns appends rows of batches of columns.
func (w *Writer[T]) WriteColumns(from *Source, refs []Ref) error {
	for part := range slices.Chunk(refs, sliceRows) {
		err := w.writeSlice(len(part), func(c *column[T]) {
			w.values = appendCells(w.values, w.table, c, from, part, &w.scratch)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeSlice writes rows, whose values fill appends to w.values, column by column.
func (w *Writer[T]) writeSlice(rows int, fill func(*column[T])) error {
	for i, to := range w.file.ColumnWriters() {
		c := &w.table.columns[i]
		w.values, w.scratch = w.values[:0], w.scratch[:0]
		fill(c)
		if c.optional {
			for j, v := range w.values {
				if !v.IsNull() {
					w.values[j] = v.Level(0, 1, i)
				}
			}
		}
		if _, err := to.WriteRowValues(w.values); err != nil {
			return err
		}
	}
	if w.rows += rows; w.rows < maxGroupRows && w.file.Size()-w.before < maxGroupBytes {
		return nil
	}
	w.rows = 0
	err := w.file.Flush()
	w.before = w.file.Size()
	return err
}

// Close writes the footer. It does not close what the file is written to. The Writer
// must not be used afterwards.
func (w *Writer[T]) Close() error {
	if err := w.file.Close(); err != nil || !w.reuse {
		return err
	}
	// Reset of parquet-go 0.32 clears column paths and sorting columns that the row groups
	// of this file share with those of the next.
	clear(w.file.File().Metadata().RowGroups)
	clear(w.values)
	w.file.Reset(io.Discard)
	w.table.spare.Put(w)
	return nil
}
