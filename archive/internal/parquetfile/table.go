// Package parquetfile is the schema of the archive's files, and how they are written
// and read with parquet-go.
package parquetfile

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning"
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
	// keyFields are the indexes of the fields from which Key and tenant are computed.
	keyFields []int
	tenant    func(*T) string // nil where rows of all tenants lie in dir
	dir       string
	Key       func(row *T) Key
	Size      func(row *T) int                     // about how many bytes its text has
	Rows      func(*columnar.Batch) *columnar.Rows // of the table
	Build     func(to *columnar.Builder, row *T)   // appends a row
	Fill      func(from *columnar.Batch, rows []T) // writes into rows, which are zero
	// spare is a writer of an earlier file: small files cost half as much with its memory.
	spare freelist.List[*Writer[T]]
}

// Activities is the table of activity records.
var Activities = newActivities()

func newActivities() *Table[record.Record] {
	type row = record.Record
	t := &Table[row]{
		name: "activities", fields: record.Fields, timeColumn: "occurred_at",
		Key:    activityKey,
		tenant: func(r *row) string { return r.Tenant },
		Size:   func(r *row) int { return 512 + len(r.Original) + len(r.ErrorMessage) },
		Rows:   func(b *columnar.Batch) *columnar.Rows { return &b.Activities },
		Build:  (*columnar.Builder).Activity, Fill: (*columnar.Batch).Records,
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
var Quarantine = byReceipt(&Table[record.Quarantined]{
	name: "quarantine", fields: record.Quarantine.Fields, dir: layout.QuarantineDir,
	Key:   func(q *record.Quarantined) Key { return receiptKey(q.EventID, q.ObservedAt) },
	Size:  func(q *record.Quarantined) int { return 128 + len(q.Original) },
	Rows:  func(b *columnar.Batch) *columnar.Rows { return &b.Quarantined },
	Build: (*columnar.Builder).Quarantined, Fill: (*columnar.Batch).Quarantine,
}, "original", "")

// Reconciliations is the table of statements.
var Reconciliations = byReceipt(&Table[record.Reconciliation]{
	name: "reconciliations", fields: record.Reconciliations.Fields, dir: layout.ReconciliationsDir,
	Key:   func(r *record.Reconciliation) Key { return receiptKey(r.EventID, r.ObservedAt) },
	Size:  func(r *record.Reconciliation) int { return 256 + 32*len(r.MissingIDs) },
	Rows:  func(b *columnar.Batch) *columnar.Rows { return &b.Reconciliations },
	Build: (*columnar.Builder).Reconciliation, Fill: (*columnar.Batch).Statements,
}, "", "hour")

// byReceipt completes a table whose rows are sorted by their receipt. distinct is a column
// besides event_id of which every row has another text, required a time besides that of receipt
// which is never absent; empty: there is none.
func byReceipt[T any](t *Table[T], distinct, required string) *Table[T] {
	t.timeColumn = "observed_at"
	for i := range t.fields {
		name := t.fields[i].Column
		t.columns = append(t.columns, newColumn(t.fields, i, columnOptions{
			distinct: name == "event_id" || name == distinct, bloom: name == "event_id", required: name == "observed_at" || name == required,
		}))
	}
	t.finish("event_id", "observed_at")
	return t
}

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

func receiptKey(id provisioning.ID, at pcommon.Timestamp) Key {
	return Key{ID: id, At: at, Observed: at, MayDiffer: true}
}
