package archivetest

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// DocumentedGroup is the group of the queries in docs/archive.md and of Versions.
const DocumentedGroup = "2c9180857182305e0171993735622948"

// Documented returns the queries of docs/archive.md that call a function, on the archive
// in a directory.
func Documented(t testing.TB, document, function, dir string) (queries []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), "```sql\n")[1:] {
		query, _, _ := strings.Cut(part, "```")
		if strings.Contains(query, function) {
			query = strings.ReplaceAll(query, "data/archive", dir)
			queries = append(queries, strings.TrimSuffix(strings.TrimSpace(query), ";"))
		}
	}
	require.NotEmpty(t, queries)
	return queries
}

// Views returns the statements of docs/queries/DIALECT/activities.sql, which make the views
// archive, history and activities, on the archive in a directory.
func Views(t testing.TB, document, dir string) (statements []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	for statement := range strings.SplitSeq(strings.ReplaceAll(string(text), "data/archive", dir), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			statements = append(statements, statement)
		}
	}
	require.Len(t, statements, 3)
	return statements
}

// Versions returns batches with 10 events of four activities of DocumentedGroup. As they
// are last, two are Success, one is Failed and one is folded into another.
func Versions(now time.Time) [][]*record.Record {
	row := func(activity, version byte, status provisioning.Status) *record.Record {
		at := pcommon.NewTimestampFromTime(now.Add(time.Duration(version) * time.Second))
		return &record.Record{
			Observation: provisioning.Observation{
				EventID: provisioning.ID{activity, version}, Tenant: "acme", GroupID: DocumentedGroup, OccurredAt: at, ObservedAt: at,
			},
			RecordType: record.TypeObservation, ActivityID: provisioning.ID{activity}, Version: uint64(version), Status: status, Current: true,
		}
	}
	folded := row(3, 2, provisioning.StatusFailed)
	folded.FoldedInto = provisioning.ID{1}
	past := row(2, 9, provisioning.StatusFailed)
	past.Current = false
	return [][]*record.Record{
		{row(1, 1, provisioning.StatusPending), row(2, 1, provisioning.StatusPending), row(3, 1, provisioning.StatusPending)},
		{row(1, 2, provisioning.StatusRetrying), row(2, 2, provisioning.StatusCommitted), folded},
		{row(1, 3, provisioning.StatusSuccess), row(2, 3, provisioning.StatusSuccess), past, row(1, 2, provisioning.StatusRetrying)},
		{row(4, 1, provisioning.StatusFailed)},
	}
}

// VersionsByStatus is how many activities of Versions are in each status.
var VersionsByStatus = map[string]int64{"Failed": 1, "Success": 2}
