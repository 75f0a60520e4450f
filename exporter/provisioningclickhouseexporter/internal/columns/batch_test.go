package columns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

func someRecords(n int) *provisioning.Batch {
	var batch provisioning.Batch
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
		batch.Records = append(batch.Records, &r)
	}
	return &batch
}

func TestTokenFollowsTheContent(t *testing.T) {
	a, b := NewBatch(), NewBatch()
	records := someRecords(10)
	a.Fill(records)
	b.Fill(records)
	token := a.Observations.Token()
	require.Equal(t, token, b.Observations.Token())
	a.Fill(records)
	require.Equal(t, token, a.Observations.Token(), "memory used again leaves no trace")
	records.Records[3].ErrorMessage = "x"
	b.Fill(records)
	require.NotEqual(t, token, b.Observations.Token())
}

func TestNoGarbagePerRow(t *testing.T) {
	records := someRecords(1000)
	batch := NewBatch()
	batch.Fill(records)
	allocations := testing.AllocsPerRun(5, func() { batch.Fill(records) })
	require.Less(t, allocations, 100.0, "for 1000 rows")
}

func BenchmarkFill(b *testing.B) {
	records := someRecords(10_000)
	batch := NewBatch()
	batch.Fill(records)
	b.ReportAllocs()
	for b.Loop() {
		batch.Fill(records)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
