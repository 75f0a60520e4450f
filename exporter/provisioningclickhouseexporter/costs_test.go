package provisioningclickhouseexporter

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestFewFilesForAnInsert: each file of a new part is synced before an insert is
// acknowledged, which is most of what rows cost that come little by little.
func TestFewFilesForAnInsert(t *testing.T) {
	f := start(t)
	require.NoError(t, f.pushLogs(t.Context(), records()))
	require.NoError(t, f.conn.Exec(t.Context(), "SYSTEM STOP MERGES provisioning_observations"))
	o := provisioning.Observation{
		Tenant: "acme", GroupID: "g", Feed: provisioning.FeedREST, SourceName: "LDAP", IdentityID: "ada", AccountID: "ada",
		Operation: provisioning.OperationAdd, ReportedStatus: provisioning.StatusFailed, ErrorMessage: "timed out",
		OccurredAt: pcommon.Timestamp(hour), ObservedAt: pcommon.Timestamp(hour),
	}
	o.EventID = provisioning.EventID(&o)
	r := record.New(&provisioning.Resolve([]provisioning.Observation{o})[0])
	r.RecordType, r.Version, r.Current = record.TypeObservation, 2, true
	require.NoError(t, f.pushLogs(t.Context(), records(r)))
	paths := one[[]string](t, f, "SELECT groupArray(path) FROM system.parts WHERE database = ? AND active AND rows = 1 AND table NOT LIKE '%migrations'", f.cfg.Database)
	require.Len(t, paths, 5, "observations, activities, transitions, reports, errors")
	files := 0
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		require.NoError(t, err)
		files += len(entries)
	}
	require.LessOrEqual(t, files, 54)
	require.GreaterOrEqual(t, files, 20)
}
