// Package parquetfile is the schema of the archive's files, and how they are written
// and read with parquet-go.
package parquetfile

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning/record"
)

// SchemaVersion is stored in the metadata of each file. A change of the columns
// increases it.
const SchemaVersion = 1

// Keys of the metadata of a file.
const (
	MetaTable   = "provtrail.table"
	MetaVersion = "provtrail.schema_version"
)

// Table is one kind of file.
type Table[T any] struct {
	name    string
	fields  []record.FieldOf[T]
	columns []column[T]
	schema  *parquet.Schema
	// timeColumn is the first column by which rows are sorted; event_id is the second.
	timeColumn string
	key        func(*T) Key
	// keyFields are the indexes of the fields from which key and tenant are computed.
	keyFields []int
	tenant    func(*T) string // nil where rows of all tenants lie in dir
	dir       string
	size      func(*T) int
	rows      func(*columnar.Batch) *columnar.Rows
	build     func(*columnar.Builder, *T)
	fill      func(*columnar.Batch, []T)
	// spare is a writer of an earlier file: small files cost half as much with its memory.
	spare freelist.List[*Writer[T]]
}

// Activities is the table of activity records.
var Activities = newActivities()

func newActivities() *Table[record.Record] {
	type row = record.Record
	t := &Table[row]{
		name: "activities", fields: record.Fields, timeColumn: "occurred_at",
		key:    activityKey,
		tenant: func(r *row) string { return r.Tenant },
		size:   func(r *row) int { return 512 + len(r.Original) + len(r.ErrorMessage) },
		rows:   func(b *columnar.Batch) *columnar.Rows { return &b.Activities },
		build:  (*columnar.Builder).Activity, fill: (*columnar.Batch).Records,
	}
	for i := range t.fields {
		name := t.fields[i].Column
		c := newColumn(t.fields, i, columnOptions{
			distinct: name == "event_id",
			bloom:    slices.Contains([]string{"group_id", "activity_id", "identity_id", "event_id"}, name),
			required: name == "observed_at" || name == "occurred_at",
		})
		if name != "occurred_at" {
			t.columns = append(t.columns, c)
			continue
		}
		// occurred_at is never absent, so that rows can be sorted by it: where the vendor
		// gives no time it is the time of receipt, and timed is false.
		c.fallbackIndex = fieldIndex(t.fields, "observed_at")
		c.fallback = &t.fields[c.fallbackIndex]
		t.columns = append(t.columns, c, timedColumn(c))
	}
	t.finish("event_id", "occurred_at", "observed_at", "version", "record_type", "tenant")
	return t
}

func timedColumn(occurredAt column[record.Record]) column[record.Record] {
	return column[record.Record]{
		name: "timed", field: occurredAt.field, index: occurredAt.index,
		node:       parquet.Leaf(parquet.BooleanType),
		fromNumber: func(n int64) parquet.Value { return parquet.BooleanValue(n != 0) },
		set: func(r *record.Record, v parquet.Value) error {
			if !v.Boolean() {
				r.OccurredAt = 0
			}
			return nil
		},
	}
}

// Quarantine is the table of data that could not be read.
var Quarantine = func() *Table[record.Quarantined] {
	type row = record.Quarantined
	t := &Table[row]{
		name: "quarantine", fields: record.Quarantine.Fields, timeColumn: "observed_at", dir: layout.QuarantineDir,
		key:   quarantineKey,
		size:  func(q *row) int { return 128 + len(q.Original) },
		rows:  func(b *columnar.Batch) *columnar.Rows { return &b.Quarantined },
		build: (*columnar.Builder).Quarantined, fill: (*columnar.Batch).Quarantine,
	}
	for i := range t.fields {
		name := t.fields[i].Column
		t.columns = append(t.columns, newColumn(t.fields, i, columnOptions{
			distinct: name == "event_id" || name == "original", bloom: name == "event_id", required: name == "observed_at",
		}))
	}
	t.finish("event_id", "observed_at")
	return t
}()

// Reconciliations is the table of statements.
var Reconciliations = func() *Table[record.Reconciliation] {
	type row = record.Reconciliation
	t := &Table[row]{
		name: "reconciliations", fields: record.Reconciliations.Fields, timeColumn: "observed_at", dir: layout.ReconciliationsDir,
		key:   reconciliationKey,
		size:  func(r *row) int { return 256 + 32*len(r.MissingIDs) },
		rows:  func(b *columnar.Batch) *columnar.Rows { return &b.Reconciliations },
		build: (*columnar.Builder).Reconciliation, fill: (*columnar.Batch).Statements,
	}
	for i := range t.fields {
		name := t.fields[i].Column
		t.columns = append(t.columns, newColumn(t.fields, i, columnOptions{
			distinct: name == "event_id", bloom: name == "event_id", required: name == "observed_at" || name == "hour",
		}))
	}
	t.finish("event_id", "observed_at")
	return t
}()

func (t *Table[T]) finish(keyFields ...string) {
	t.spare = make(freelist.List[*Writer[T]], 1)
	for i := range t.columns {
		c := &t.columns[i]
		c.label = append(binary.AppendUvarint(nil, uint64(len(c.name))), c.name...)
	}
	t.schema = schemaOf(t.name, t.columns)
	for _, name := range keyFields {
		t.keyFields = append(t.keyFields, fieldIndex(t.fields, name))
	}
}

func schemaOf[T any](name string, columns []column[T]) *parquet.Schema {
	root := orderedGroup{Group: parquet.Group{}}
	for i := range columns {
		root.Group[columns[i].name] = columns[i].node
		root.names = append(root.names, columns[i].name)
	}
	return parquet.NewSchema(name, root)
}

// with returns the table with the named columns alone, in their order.
func (t *Table[T]) with(names []string) *Table[T] {
	part := *t
	part.columns = nil
	for _, name := range names {
		part.columns = append(part.columns, *t.column(name))
	}
	part.schema = schemaOf(t.name, part.columns)
	return &part
}

func fieldIndex[T any](fields []record.FieldOf[T], name string) int {
	return slices.IndexFunc(fields, func(f record.FieldOf[T]) bool { return f.Column == name })
}

// Columns returns the names of the columns in their order.
func (t *Table[T]) Columns() []string {
	names := make([]string, len(t.columns))
	for i := range t.columns {
		names[i] = t.columns[i].name
	}
	return names
}

func (t *Table[T]) column(name string) *column[T] {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	return nil
}

// Size returns about how many bytes a row's text has.
func (t *Table[T]) Size(row *T) int { return t.size(row) }

// Build appends a row to a batch of columns.
func (t *Table[T]) Build(to *columnar.Builder, row *T) { t.build(to, row) }

// Fill writes the rows of a batch of columns into rows, which are zero.
func (t *Table[T]) Fill(from *columnar.Batch, rows []T) { t.fill(from, rows) }

// Rows returns the rows of the table in a batch of columns.
func (t *Table[T]) Rows(b *columnar.Batch) *columnar.Rows { return t.rows(b) }

// Versioned reports whether rows of the same event may differ in their version.
func (t *Table[T]) Versioned() bool { return t.column("version") != nil }

// orderedGroup is a parquet.Group that keeps its columns in the given order.
type orderedGroup struct {
	parquet.Group
	names []string
}

func (o orderedGroup) Fields() []parquet.Field {
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

func (o orderedGroup) String() string { return fmt.Sprintf("group of %d columns", len(o.names)) }

func activityKey(r *record.Record) Key {
	k := Key{ID: r.EventID, At: r.At(), Observed: r.ObservedAt, Version: r.Version, MayDiffer: r.OccurredAt == 0}
	if r.RecordType == record.TypeState { // the event id of a state includes its version
		k.Version, k.MayDiffer = 0, true
	}
	return k
}

func reconciliationKey(r *record.Reconciliation) Key {
	return Key{ID: r.EventID, At: r.ObservedAt, Observed: r.ObservedAt, MayDiffer: true}
}

func quarantineKey(q *record.Quarantined) Key {
	return Key{ID: q.EventID, At: q.ObservedAt, Observed: q.ObservedAt, MayDiffer: true}
}
