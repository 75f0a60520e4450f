package columns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

func someRecords(n int) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		at := pcommon.Timestamp(1_790_553_600_000_000_000 + i)
		r := provisioning.Record{Observation: provisioning.Observation{
			Tenant: "acme", Feed: provisioning.FeedSearch, Dialect: provisioning.DialectSearch, GroupID: fmt.Sprintf("%032x", i/4),
			VendorID: fmt.Sprintf("%032x", i), SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory",
			AccountID: "CN=Ada Lovelace,OU=People", AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
			Says: provisioning.StatusCommitted, RawStatus: "COMMITTED", Cause: provisioning.CauseAccessRequest, IdentityID: "2c91", IdentityName: "Ada Lovelace",
			RequestedAt: at, OccurredAt: at, ObservedAt: at, Original: strings.Repeat(`{"name":"value"},`, 80),
		}, Sort: provisioning.SortObservation, Current: true, Status: provisioning.StatusCommitted, Kind: provisioning.KindProvisioning, Version: 2, StatusSince: at, CommittedAt: at}
		r.EventID[0], r.EventID[1], r.EventID[2], r.ActivityID[0] = byte(i), byte(i>>8), byte(i>>16), 1 //nolint:gosec // distinct
		provisioning.WriteRecord(&r, to.AppendEmpty())
	}
	return logs
}

func TestTokenFollowsTheContent(t *testing.T) {
	a, b := NewBatch(), NewBatch()
	logs := someRecords(10)
	a.Fill(Records(logs))
	b.Fill(Records(logs))
	token := a.Observations.Token()
	require.Equal(t, token, b.Observations.Token())
	a.Fill(Records(logs))
	require.Equal(t, token, a.Observations.Token(), "memory used again leaves no trace")
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(3).Attributes().PutStr("provisioning.error_message", "x")
	b.Fill(Records(logs))
	require.NotEqual(t, token, b.Observations.Token())
}

func TestNoGarbagePerRow(t *testing.T) {
	logs := someRecords(1000)
	batch := NewBatch()
	batch.Fill(Records(logs))
	allocations := testing.AllocsPerRun(5, func() { batch.Fill(Records(logs)) })
	require.Less(t, allocations, 100.0, "for 1000 rows")
}

func BenchmarkFill(b *testing.B) {
	logs := someRecords(10_000)
	batch := NewBatch()
	batch.Fill(Records(logs))
	b.ReportAllocs()
	for b.Loop() {
		batch.Fill(Records(logs))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
