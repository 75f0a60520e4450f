package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAttributesDocument keeps docs/attributes.md equal to the schemas. Run with
// UPDATE_DOCS=1 to write it anew.
func TestAttributesDocument(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "attributes.md")
	want := attributesDocument()
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run UPDATE_DOCS=1 go test ./provisioning/record")
}

func attributesDocument() string {
	var b strings.Builder
	b.WriteString(`# Attributes and columns

One list (` + "`provisioning/record/fields.go`" + `) gives the attributes of a LogRecord, the columns of
ClickHouse and Parquet and the headings of CSV. An attribute is its column's name with
` + "`" + AttributePrefix + "`" + ` before it, unless the table says otherwise. What is empty, zero or
false is absent from a LogRecord. Times are nanoseconds since 1970 (UTC) in a LogRecord,
microseconds in the stores.

## Activity records: EventName ` + "`" + EventActivity + "`" + `

The receiver writes what the feed reported; the processor adds what is marked *derived*.
What is marked *personal* is encrypted in an archive with privacy, see [privacy](privacy.md).
Severity follows the status: Failed is ERROR; Retrying, Not Verifiable, stalled and
overdue are WARN; anything else is INFO. The TraceID is the hash of tenant and group id.

| column | attribute | type | marks | meaning |
|---|---|---|---|---|
`)
	table(&b, Activities)
	b.WriteString(`
## Group records: EventName ` + "`" + EventGroup + "`" + `

Written by the processor when the summary of a group changed.

| column | attribute | type | marks | meaning |
|---|---|---|---|---|
`)
	table(&b, Groups)
	b.WriteString(`
## Quarantine records: EventName ` + "`" + EventQuarantine + "`" + `

What could not be understood or stored, beside the good records.

| column | attribute | type | marks | meaning |
|---|---|---|---|---|
`)
	table(&b, Quarantine)
	b.WriteString(`
## Reconciliation records: EventName ` + "`" + EventReconciliation + "`" + `

A statement that for one feed and one hour the vendor had so many documents and so many
were delivered.

| column | attribute | type | marks | meaning |
|---|---|---|---|---|
`)
	table(&b, Reconciliations)
	return b.String()
}

func table[T any](b *strings.Builder, s *Schema[T]) {
	for i := range s.Fields {
		f := &s.Fields[i]
		attribute := "`" + f.Attribute() + "`"
		switch f.builtin {
		case builtinTimestamp:
			attribute = "Timestamp"
		case builtinObserved:
			attribute = "ObservedTimestamp"
		}
		var marks []string
		if f.Derived {
			marks = append(marks, "derived")
		}
		if f.Personal {
			marks = append(marks, "personal")
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.Column, attribute, typeName(f), strings.Join(marks, ", "), f.Doc)
	}
}

func typeName[T any](f *FieldOf[T]) string {
	switch f.Value {
	case ValueBool:
		return "boolean"
	case ValueInt, ValueUint:
		return "integer"
	case ValueTime:
		return "time"
	case ValueID:
		return "id (32 hex digits)"
	case ValueTexts:
		return "list of texts"
	}
	if f.LowCardinality {
		return "word"
	}
	return "text"
}
