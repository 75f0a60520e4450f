package loki

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// batch is records on their way to Loki.
type batch struct {
	logs plog.Logs
	to   plog.LogRecordSlice
	ids  []string

	squeezeTo time.Time // set: times before it are brought nearer
}

// received is when a record of the batch counts as received.
func (b *batch) received(at time.Time) pcommon.Timestamp {
	if b.squeezeTo.IsZero() {
		return stamp(at)
	}
	return stamp(squeeze(b.squeezeTo, at))
}

func newBatch() *batch {
	ld := plog.NewLogs()
	return &batch{logs: ld, to: ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()}
}

// made counts activities, so that no two are one.
var made int

// activity adds an activity of a source that reached a status, received at a time.
func (b *batch) activity(at time.Time, tenant, source string, status provisioning.Status, change func(*record.Record)) {
	made++
	o := provisioning.Observation{
		Tenant: tenant, Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: fmt.Sprint("g", made),
		SourceID: "id of " + source, SourceName: source, AccountID: "CN=Ada", AttributeName: "memberOf", AttributeValue: "CN=Sales",
		Operation: provisioning.OperationAdd, ReportedStatus: status, RawStatus: status.String(), Cause: provisioning.CauseAccessRequest,
		IdentityName: "ada.lovelace", OccurredAt: stamp(at.Add(-time.Minute)), ObservedAt: b.received(at),
	}
	if status == provisioning.StatusFailed {
		o.ErrorMessage = "timed out"
	}
	o.EventID = provisioning.EventID(&o)
	a := provisioning.Resolve([]provisioning.Observation{o})
	r := record.New(&a[0])
	r.Version, r.Current = record.Version(1, false), true
	r.GroupNumber, r.GroupStatus = provisioning.GroupNumber(r.Tenant, r.GroupID), r.Status
	if change != nil {
		change(&r)
	}
	record.WriteRecord(&r, b.to.AppendEmpty())
	b.ids = append(b.ids, r.EventID.String())
}

// quarantined adds a text that could not be read.
func (b *batch) quarantined(at time.Time, tenant string) {
	made++
	q := record.Quarantined{
		Tenant: tenant, Feed: provisioning.FeedFile, Reason: "no group id", File: "inbox/a.ndjson",
		Position: int64(made), ObservedAt: b.received(at), Original: "{}", Size: 2,
	}
	record.WriteQuarantined(&q, b.to.AppendEmpty())
	b.ids = append(b.ids, q.EventID.String())
}

func stamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }
