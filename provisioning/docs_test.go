package provisioning

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TestAttributesDocument keeps docs/attributes.md equal to Fields. Run with
// UPDATE_DOCS=1 to write it anew.
func TestAttributesDocument(t *testing.T) {
	path := filepath.Join("..", "docs", "attributes.md")
	want := attributesDocument()
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run UPDATE_DOCS=1 go test ./provisioning")
}

func attributesDocument() string {
	var b strings.Builder
	b.WriteString(`# Attributes and columns

One list (` + "`provisioning/fields.go`" + `) gives the attributes of a LogRecord, the columns of
ClickHouse and Parquet and the headings of CSV. An attribute is its column's name with
` + "`" + AttributePrefix + "`" + ` before it, unless the table says otherwise. What is empty, zero or
false is absent from a LogRecord. Times are nanoseconds since 1970 (UTC) in a LogRecord,
microseconds in the stores.

## Activity records: EventName ` + "`" + EventActivity + "`" + `

The receiver writes what the feed said; the processor adds what is marked *derived*.
Severity follows the status: Failed is ERROR; Retrying, Not Verifiable, stalled and
overdue are WARN; anything else is INFO. The TraceID is the hash of tenant and group id.

| column | attribute | type | derived | meaning |
|---|---|---|---|---|
`)
	var r Record
	for i := range Fields {
		f := &Fields[i]
		attribute := "`" + f.Attribute() + "`"
		switch f.Column {
		case "occurred_at":
			attribute = "Timestamp"
		case "observed_at":
			attribute = "ObservedTimestamp"
		}
		derived := ""
		if f.Derived {
			derived = "derived"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Column, attribute, typeName(f, &r), derived, f.Doc)
	}
	b.WriteString(`
## Group records: EventName ` + "`" + EventGroup + "`" + `

Written by the processor when the summary of a group changed.

| attribute | type | meaning |
|---|---|---|
| ` + "`" + attributeTenant + "`, `" + attributeGroupID + "`, `" + attributeGroupNumber + "`" + ` | text, text, integer | which group |
| ` + "`" + attributeGroupStatus + "`" + ` | word | the worst status of its activities |
| ` + "`" + attributeVersion + "`" + ` | integer | orders the summaries of one group |
| ` + "`" + attributeActivities + "`" + ` | integer | number of activities |
`)
	for s := range statusCount {
		meaning := "number of activities that are " + s.String()
		if s == StatusUnset {
			meaning = "number of activities of which only unknown words were said"
		}
		fmt.Fprintf(&b, "| `%s` | integer | %s |\n", countAttributes[s], meaning)
	}
	b.WriteString("| `" + attributeSources + "` | list of texts | sources touched |\n" +
		"| `" + attributeCause + "`, `" + attributeIdentityID + "`, `" + attributeIdentityName + "`, `" + attributeRequester + "` | text | as above |\n" +
		"| `" + attributeFirstAt + "`, `" + attributeLastAt + "` | time | first and newest observation |\n")
	b.WriteString(`
## Quarantine records: EventName ` + "`" + EventQuarantine + "`" + `

What could not be understood or stored, beside the good records.

| attribute | type | meaning |
|---|---|---|
| ` + "`" + attributeEventID + "`" + ` | id | deterministic: the same data is the same record |
| ` + "`" + attributeTenant + "`, `" + attributeFeed + "`" + ` | word | where it came from |
| ` + "`" + attributeReason + "`" + ` | text | what was wrong |
| ` + "`" + AttributeFilePath + "`, `" + attributePosition + "`" + ` | text, integer | file or address, and byte offset or index in it |
| ` + "`" + attributeField + "`" + ` | text | the field that was wrong, where known |
| ` + "`" + attributeSize + "`" + ` | integer | bytes of the whole; the raw text may be cut |
| ` + "`" + AttributeOriginal + "`" + ` | text | the raw text, secrets redacted |
`)
	return b.String()
}

func typeName(f *Field, r *Record) string {
	switch f.Of(r).(type) {
	case *bool:
		return "boolean"
	case *int64, *uint64:
		return "integer"
	case *pcommon.Timestamp:
		return "time"
	case *ID:
		return "id (32 hex digits)"
	}
	if f.Few {
		return "word"
	}
	return "text"
}
