package archive

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// SchemaVersion stands in each file's metadata. It grows with every change of the
// columns; readers find columns by name.
const SchemaVersion = 2

// The keys of a file's metadata.
const (
	metaTable   = "provtrail.table"
	metaVersion = "provtrail.schema_version"
)

// table is one kind of file.
type table[T any] struct {
	name    string
	columns []column[T]
	schema  *parquet.Schema
	// at and id are what rows are sorted by.
	at func(*T) pcommon.Timestamp
	id func(*T) provisioning.ID
	// observed is the time whose hour the row lies under.
	observed func(*T) pcommon.Timestamp
	// apart says that two rows of the same id may differ in time.
	apart func(*T) bool
	// version says which of two rows of the same id was told last.
	version func(*T) uint64
	// size is about how many bytes a row's own text has.
	size func(*T) int
	// build and fill put rows into a batch of columns, and back.
	build    func(*columnar.Builder, *T)
	fill     func(*columnar.Batch, []T)
	encoders freelist.List[*encoder[T]]
	begun    sync.Once
	metadata format.FileMetaData
	sorted   []format.SortingColumn
	// unsorted files do not say that they are sorted.
	unsorted bool
}

var activities = newActivities()

func newActivities() *table[record.Record] {
	type row = record.Record
	t := &table[row]{
		name:     "activities",
		at:       func(r *row) pcommon.Timestamp { return r.At() },
		id:       func(r *row) provisioning.ID { return r.EventID },
		observed: func(r *row) pcommon.Timestamp { return r.ObservedAt },
		size:     func(r *row) int { return 512 + len(r.Original) + len(r.ErrorMessage) },
		apart:    func(r *row) bool { return r.OccurredAt == 0 || r.RecordType == record.TypeState },
		version: func(r *row) uint64 {
			if r.RecordType == record.TypeState { // its id is made of it
				return 0
			}
			return r.Version
		},
		build: (*columnar.Builder).Activity,
		fill:  (*columnar.Batch).Records,
	}
	for i := range record.Fields {
		f := &record.Fields[i]
		opt := options{distinct: f.Column == "event_id", document: f.Column == "original", required: f.Column == "observed_at"}
		switch f.Column {
		case "group_id", "activity_id", "identity_id", "event_id":
			opt.bloom = true
		}
		if f.Column == "occurred_at" {
			t.columns = append(t.columns, occurredAt(), timed())
			continue
		}
		t.columns = append(t.columns, newColumn(f, opt))
	}
	t.seal()
	return t
}

// occurredAt is never absent, so that rows sort by it: where the vendor gives no
// time it is that of receipt, and timed says so.
func occurredAt() column[record.Record] {
	c := newColumn(record.Activities.Column("occurred_at"), options{required: true})
	c.value = func(r *record.Record, _ *[]byte) parquet.Value { return parquet.Int64Value(micros(r.At())) }
	c.number = func(r *record.Record) (int64, bool) { return micros(r.At()), true }
	return c
}

func timed() column[record.Record] {
	return column[record.Record]{
		name: "timed",
		node: parquet.Leaf(parquet.BooleanType),
		value: func(r *record.Record, _ *[]byte) parquet.Value {
			return parquet.BooleanValue(r.OccurredAt != 0)
		},
		flag: func(r *record.Record) bool { return r.OccurredAt != 0 },
		set: func(r *record.Record, v parquet.Value) error {
			if !v.Boolean() {
				r.OccurredAt = 0
			}
			return nil
		},
	}
}

var quarantine = func() *table[record.Quarantined] {
	type row = record.Quarantined
	t := &table[row]{
		name:     "quarantine",
		at:       func(q *row) pcommon.Timestamp { return q.ObservedAt },
		id:       func(q *row) provisioning.ID { return q.EventID },
		observed: func(q *row) pcommon.Timestamp { return q.ObservedAt },
		size:     func(q *row) int { return 128 + len(q.Original) },
		apart:    func(*row) bool { return true },
		version:  func(*row) uint64 { return 0 },
		build:    (*columnar.Builder).Quarantined,
		fill:     (*columnar.Batch).Quarantine,
	}
	for i := range record.Quarantine.Fields {
		f := &record.Quarantine.Fields[i]
		opt := options{document: f.Column == "original", bloom: f.Column == "event_id", required: f.Column == "observed_at"}
		opt.distinct = opt.bloom || opt.document
		t.columns = append(t.columns, newColumn(f, opt))
	}
	t.seal()
	return t
}()

// Columns lists the names of an activity file's columns in their order.
func Columns() []string {
	names := make([]string, len(activities.columns))
	for i := range activities.columns {
		names[i] = activities.columns[i].name
	}
	return names
}

func (t *table[T]) column(name string) *column[T] {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	return nil
}

func (t *table[T]) seal() {
	t.encoders = freelist.New[*encoder[T]](1)
	root := ordered{Group: parquet.Group{}}
	for i := range t.columns {
		c := &t.columns[i]
		root.Group[c.name] = c.node
		root.names = append(root.names, c.name)
		c.label = append(binary.AppendUvarint(nil, uint64(len(c.name))), c.name...)
	}
	t.schema = parquet.NewSchema(t.name, root)
	for _, s := range t.sorting() {
		leaf, _ := t.schema.Lookup(s.Path()...)
		t.sorted = append(t.sorted, format.SortingColumn{ColumnIdx: int32(leaf.ColumnIndex)})
	}
}

// Sizes of what is written. A page is what a reader reads at once, so a small one
// serves look-ups and keeps the memory of merging many files low.
const (
	pageBytes     = 64 << 10
	pageRows      = 8 << 10
	rowGroupBytes = 256 << 20 // before compression
	bloomBits     = 10        // per value: one look-up in a hundred reads in vain
	dictionaryMax = 32 << 20
)

// A row group ends when it has so many rows, or so many bytes in the dictionary of its
// documents. A document that speaks of several activities stands once in that; one batch
// may make it larger, up to dictionaryMax, and what comes then is plain.
const (
	groupRows      = 250_000
	groupDocuments = 8 << 20
)

// What seals an hour is kept and read again and again; what is written before is soon
// replaced.
var (
	codec     = newCodec(zstd.SpeedDefault)
	fastCodec = newCodec(zstd.SpeedFastest)
)

func (t *table[T]) config() *parquet.WriterConfig {
	c := parquet.DefaultWriterConfig()
	c.Schema = t.schema
	c.CreatedBy = "provtrail"
	c.Compression = codec
	c.PageBufferSize = pageBytes
	c.DataPageStatistics = true
	c.DictionaryMaxBytes = dictionaryMax
	c.KeyValueMetadata = map[string]string{metaTable: t.name, metaVersion: strconv.Itoa(SchemaVersion)}
	for i := range t.columns {
		if t.columns[i].bloom {
			c.BloomFilters = append(c.BloomFilters, parquet.SplitBlockFilter(bloomBits, t.columns[i].name))
		}
	}
	if !t.unsorted {
		c.Sorting.SortingColumns = t.sorting()
	}
	return c
}

func (t *table[T]) sorting() []parquet.SortingColumn {
	first := "occurred_at"
	if _, ok := t.schema.Lookup(first); !ok {
		first = "observed_at"
	}
	return []parquet.SortingColumn{parquet.Ascending(first), parquet.Ascending("event_id")}
}

// ordered is a parquet.Group that keeps its columns in the order of the documents.
type ordered struct {
	parquet.Group
	names []string
}

func (o ordered) Fields() []parquet.Field {
	byName := map[string]parquet.Field{}
	for _, f := range o.Group.Fields() {
		byName[f.Name()] = f
	}
	fields := make([]parquet.Field, len(o.names))
	for i, name := range o.names {
		fields[i] = byName[name]
	}
	return fields
}

func (o ordered) String() string { return fmt.Sprintf("group of %d columns", len(o.names)) }
