package columns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
)

func someRecords(n int, change func(int, *provisioning.Record)) []*columnar.Batch {
	builder := columnar.NewBuilder(n)
	for i := range n {
		at := pcommon.Timestamp(1_790_553_600_000_000_000 + i)
		r := provisioning.Record{Observation: provisioning.Observation{
			Tenant: "acme", Feed: provisioning.FeedSearch, Dialect: provisioning.DialectSearch, GroupID: fmt.Sprintf("%032x", i/4),
			VendorID: fmt.Sprintf("%032x", i), SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory",
			AccountID: "CN=Ada Lovelace,OU=People", AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
			Says: provisioning.StatusCommitted, RawStatus: "COMMITTED", Cause: provisioning.CauseAccessRequest, IdentityID: "2c91", IdentityName: "Ada Lovelace",
			RequestedAt: at, OccurredAt: at, ObservedAt: at, Original: fmt.Sprint(i/4) + strings.Repeat(`{"name":"value"},`, 80),
		}, Sort: provisioning.SortObservation, Current: true, Status: provisioning.StatusCommitted, Kind: provisioning.KindProvisioning, Version: 2, StatusSince: at, CommittedAt: at}
		r.EventID[0], r.EventID[1], r.EventID[2], r.ActivityID[0] = byte(i), byte(i>>8), byte(i>>16), 1 //nolint:gosec // distinct
		if change != nil {
			change(i, &r)
		}
		builder.Activity(&r)
	}
	return []*columnar.Batch{builder.Batch()}
}

func TestTokenFollowsTheContent(t *testing.T) {
	a, b := NewBatch(), NewBatch()
	records := someRecords(10, nil)
	a.Fill(records)
	b.Fill(records)
	token := a.Observations.Token()
	require.Equal(t, token, b.Observations.Token())
	a.Fill(records)
	require.Equal(t, token, a.Observations.Token(), "memory used again leaves no trace")
	f := func(name string, change func(*provisioning.Record)) {
		b.Fill(someRecords(10, func(i int, r *provisioning.Record) {
			if i == 3 {
				change(r)
			}
		}))
		require.NotEqual(t, token, b.Observations.Token(), name)
	}
	f("text", func(r *provisioning.Record) { r.ErrorMessage = "x" })
	f("id", func(r *provisioning.Record) { r.EventID[15] = 1 })
	f("status", func(r *provisioning.Record) { r.Status = provisioning.StatusFailed })
	f("version", func(r *provisioning.Record) { r.Version = 3 })
}

// TestEachTextIsSentOnce: four records have a document each, and a column without any
// value one empty text.
func TestEachTextIsSentOnce(t *testing.T) {
	batch := NewBatch()
	batch.Fill(someRecords(1000, nil))
	sent := map[string]int{}
	for _, column := range batch.Observations.Input {
		if w, ok := column.Data.(*word); ok {
			require.Equal(t, 1000, w.Rows())
			sent[column.Name] = w.words.rows
		}
	}
	require.Equal(t, 250, sent["original"])
	require.Equal(t, 1, sent["tenant"])
	require.Equal(t, 1, sent["ticket_id"])
	require.Equal(t, 1000, sent["vendor_id"])
}

// TestColumnsAreAsLong: batches in which different columns have no values.
func TestColumnsAreAsLong(t *testing.T) {
	batch := NewBatch()
	records := append(someRecords(3, func(_ int, r *provisioning.Record) { *r = provisioning.Record{} }), someRecords(4, nil)...)
	builder := columnar.NewBuilder(0)
	builder.Group(&provisioning.GroupRecord{})
	builder.Group(&provisioning.GroupRecord{Group: provisioning.Group{Sources: []string{"AD"}, Status: provisioning.StatusFailed}, Version: 1})
	builder.Quarantined(&provisioning.Quarantined{})
	batch.Fill(append(records, builder.Batch()))
	for _, block := range batch.Blocks() {
		for _, column := range block.Input {
			require.Equal(t, map[string]int{"provisioning_observations": 7, "provisioning_groups": 2, "provisioning_quarantine": 1}[block.Table], column.Data.Rows(), column.Name)
			column.Data.EncodeColumn(&proto.Buffer{})
		}
	}
}

func TestNoGarbagePerRow(t *testing.T) {
	records := someRecords(1000, nil)
	batch := NewBatch()
	batch.Fill(records)
	allocations := testing.AllocsPerRun(5, func() { batch.Fill(records) })
	require.Less(t, allocations, 100.0, "for 1000 rows")
}

func BenchmarkFill(b *testing.B) {
	records := someRecords(10_000, nil)
	batch := NewBatch()
	batch.Fill(records)
	b.ReportAllocs()
	for b.Loop() {
		batch.Fill(records)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
