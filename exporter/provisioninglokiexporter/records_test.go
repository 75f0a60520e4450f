package provisioninglokiexporter

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 123_000_000, time.UTC)

func activity(n int) record.Record {
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: fmt.Sprint("g", n),
		SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory", AccountID: "CN=Ada",
		AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
		ReportedStatus: provisioning.StatusFailed, RawStatus: "FAILED", ErrorMessage: "timed out", IdentityName: "ada.lovelace",
		OccurredAt: pcommon.NewTimestampFromTime(noon.Add(-time.Hour)), ObservedAt: pcommon.NewTimestampFromTime(noon),
	}
	o.EventID = provisioning.EventID(&o)
	a := provisioning.Resolve([]provisioning.Observation{o})
	r := record.New(&a[0])
	r.GroupNumber, r.GroupStatus = provisioning.GroupNumber(r.Tenant, r.GroupID), r.Status
	return r
}

// activities are n records that differ in nothing Loki compares: the same stream,
// the same time and the same line.
func activities(n int) (plog.Logs, []string) {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	ids := make([]string, n)
	for i := range n {
		r := activity(i)
		ids[i] = r.EventID.String()
		record.WriteRecord(&r, records.AppendEmpty())
	}
	return ld, ids
}
