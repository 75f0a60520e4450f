package exportqueue

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// typical is a batch like those of a busy tenant: documents that say several things.
func typical(n int) *columnar.Batch {
	b := columnar.NewBuilder(n)
	for i := range n {
		at := pcommon.Timestamp(1_790_553_600_000_000_000 + i*1_000_000)
		document := i / 3
		r := &record.Record{Observation: provisioning.Observation{
			Tenant: "acme", Feed: provisioning.FeedSearch, Dialect: provisioning.DialectSearch, GroupID: fmt.Sprintf("%032x", document),
			VendorID: fmt.Sprintf("%032x", document), SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory",
			AccountID: fmt.Sprintf("CN=Ada Lovelace %d,OU=People", document%1000), AttributeName: "memberOf", AttributeValue: fmt.Sprintf("CN=Sales %d", i%300), Operation: provisioning.OperationAdd,
			ReportedStatus: provisioning.StatusCommitted, RawStatus: "COMMITTED", Cause: provisioning.CauseAccessRequest, IdentityID: fmt.Sprintf("%032x", document%1000), IdentityName: fmt.Sprintf("Ada Lovelace %d", document%1000),
			RequestedAt: at, OccurredAt: at, ObservedAt: at, Original: fmt.Sprintf(`{"id":"%032x",`, document) + strings.Repeat(`{"name":"value"},`, 80),
		}, RecordType: record.TypeObservation, Current: true, Status: provisioning.StatusCommitted, Kind: provisioning.KindProvisioning, Version: 2, StatusSince: at, CommittedAt: at}
		r.EventID[0], r.EventID[1], r.EventID[2], r.ActivityID[0] = byte(i), byte(i>>8), byte(i>>16), byte(i)
		b.Activity(r)
	}
	return b.Batch()
}

// BenchmarkItem compares what a queue of records does to a batch with what one of pdata does.
func BenchmarkItem(b *testing.B) {
	const n = 4096
	batch := typical(n)
	logs := batch.Logs()
	perRecord := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		b.ReportAllocs()
	}
	b.Run("records/read and write", func(b *testing.B) {
		var size int
		for b.Loop() {
			read, _ := columnar.Read(logs)
			size = len(read.Encode())
		}
		b.ReportMetric(float64(size)/n, "bytes/record")
		perRecord(b)
	})
	b.Run("pdata/write", func(b *testing.B) {
		var size int
		for b.Loop() {
			item, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
			if err != nil {
				b.Fatal(err)
			}
			size = len(item)
		}
		b.ReportMetric(float64(size)/n, "bytes/record")
		perRecord(b)
	})
	b.Run("records/load", func(b *testing.B) {
		item := batch.Encode()
		for b.Loop() {
			if _, err := columnar.Decode(item); err != nil {
				b.Fatal(err)
			}
		}
		perRecord(b)
	})
	b.Run("pdata/load and read", func(b *testing.B) {
		item, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			loaded, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(item)
			if err != nil {
				b.Fatal(err)
			}
			columnar.Read(loaded)
		}
		perRecord(b)
	})
}
