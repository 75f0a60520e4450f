package columns

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func someRecords(n int, change func(int, *record.Record)) *columnar.Batch {
	builder := columnar.NewBuilder(n)
	for i := range n {
		at := pcommon.Timestamp(1_790_553_600_000_000_000 + i)
		r := record.Record{Observation: provisioning.Observation{
			Tenant: "acme", Feed: provisioning.FeedSearch, Dialect: provisioning.DialectSearch, GroupID: fmt.Sprintf("%032x", i/4),
			VendorID: fmt.Sprintf("%032x", i), SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory",
			AccountID: "CN=Ada Lovelace,OU=People", AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
			ReportedStatus: provisioning.StatusCommitted, RawStatus: "COMMITTED", Cause: provisioning.CauseAccessRequest, IdentityID: "2c91", IdentityName: "Ada Lovelace",
			RequestedAt: at, OccurredAt: at, ObservedAt: at, Original: fmt.Sprint(i/4) + strings.Repeat(`{"name":"value"},`, 80),
		}, RecordType: record.TypeObservation, Current: true, Status: provisioning.StatusCommitted, Kind: provisioning.KindProvisioning, Version: 2, StatusSince: at, CommittedAt: at}
		r.EventID[0], r.EventID[1], r.EventID[2], r.ActivityID[0] = byte(i), byte(i>>8), byte(i>>16), 1
		if change != nil {
			change(i, &r)
		}
		builder.Activity(&r)
	}
	return builder.Batch()
}

// blocks calls look with each block of a table's rows.
func blocks(t testing.TB, table *Table, look func(), batches ...*columnar.Batch) {
	next := table.Blocks(batches)
	for {
		err := next(t.Context())
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		look()
	}
}

func TestTokenFollowsTheContent(t *testing.T) {
	table := NewTables()[1]
	token := func(batches ...*columnar.Batch) string { return table.Token(batches) }
	some := someRecords(10, nil)
	require.Equal(t, token(some), token(someRecords(10, nil)))
	stored, err := columnar.Decode(some.Encode())
	require.NoError(t, err)
	require.Equal(t, token(some), token(stored), "after a restart")
	head, tail := some.Split(4)
	again, _ := some.Split(4)
	require.Equal(t, token(head), token(again))
	require.NotEqual(t, token(head), token(tail))
	f := func(name string, change func(*record.Record)) {
		other := someRecords(10, func(i int, r *record.Record) {
			if i == 3 {
				change(r)
			}
		})
		require.NotEqual(t, token(some), token(other), name)
	}
	f("text", func(r *record.Record) { r.ErrorMessage = "x" })
	f("id", func(r *record.Record) { r.EventID[15] = 1 })
	f("status", func(r *record.Record) { r.Status = provisioning.StatusFailed })
	f("version", func(r *record.Record) { r.Version = 3 })
}

// TestEachTextIsSentOnce: four records share a document, and a column without values has
// one empty text.
func TestEachTextIsSentOnce(t *testing.T) {
	table := NewTables()[1]
	sent := map[string]int{}
	blocks(t, table, func() {
		for _, column := range table.Input {
			require.Equal(t, 1000, column.Data.Rows(), column.Name)
			if w, ok := column.Data.(*lowCardinality); ok {
				sent[column.Name] += w.words.rows
			}
		}
	}, someRecords(1000, nil))
	require.Equal(t, 250, sent["original"])
	require.Equal(t, 1, sent["tenant"])
	require.Equal(t, 1, sent["ticket_id"])
	require.Equal(t, 1000, sent["vendor_id"])
}

// TestColumnsOfABlockHaveTheSameLength: also with batches that lack values of a column or
// rows of a table.
func TestColumnsOfABlockHaveTheSameLength(t *testing.T) {
	builder := columnar.NewBuilder(0)
	builder.Group(&record.Group{})
	builder.Group(&record.Group{Group: provisioning.Group{Sources: []string{"AD"}, Status: provisioning.StatusFailed}, Version: 1})
	builder.Quarantined(&record.Quarantined{})
	batches := []*columnar.Batch{
		someRecords(3, func(_ int, r *record.Record) { *r = record.Record{} }), builder.Batch(), someRecords(blockRows+1, nil),
	}
	want := map[string][]int{"provisioning_observations": {3, blockRows, 1}, "provisioning_groups": {2}, "provisioning_quarantine": {1}}
	for _, table := range NewTables() {
		var have []int
		blocks(t, table, func() {
			have = append(have, table.Input[0].Data.Rows())
			for _, column := range table.Input {
				require.Equal(t, have[len(have)-1], column.Data.Rows(), column.Name)
				column.Data.EncodeColumn(&proto.Buffer{})
			}
		}, batches...)
		require.Equal(t, want[table.Name], have)
	}
}

func TestNoGarbagePerRow(t *testing.T) {
	batch, table := someRecords(1000, nil), NewTables()[1]
	blocks(t, table, func() {}, batch)
	allocations := testing.AllocsPerRun(5, func() { blocks(t, table, func() {}, batch) })
	require.Less(t, allocations, 100.0, "for 1000 rows")
}

func BenchmarkBlocks(b *testing.B) {
	batch, table := someRecords(10_000, nil), NewTables()[1]
	b.ReportAllocs()
	for b.Loop() {
		blocks(b, table, func() {}, batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
