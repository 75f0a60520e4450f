package archivetest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Tenants of the rows.
var Tenants = []string{"acme", "Zürich & Söhne/1"}

// Records makes n activity records. The first is observed in the hour before last
// and each next a little later, up to now.
func Records(n int, now time.Time) []*record.Record {
	start := now.Add(-2 * time.Hour)
	step := now.Sub(start) / time.Duration(n)
	list := make([]*record.Record, n)
	for i := range list {
		list[i] = row(i, start.Add(time.Duration(i)*step))
	}
	return list
}

var texts = []string{"", "plain", "Ünïcödé ✓ 日本語 🙂", `quote " and \ and '`, "line\nbreak\ttab", "NULL", "=1+1"}

func row(i int, at time.Time) *record.Record {
	observed := pcommon.NewTimestampFromTime(at.Truncate(time.Microsecond))
	text := func(k int) string { return texts[(i+k)%len(texts)] }
	r := &record.Record{
		Observation: provisioning.Observation{
			Tenant: Tenants[i%len(Tenants)], Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST,
			GroupID: fmt.Sprintf("2c918087%024x", i/4), VendorID: fmt.Sprint("doc-", i), ItemID: fmt.Sprint("item-", i),
			SourceID: fmt.Sprintf("2c918086%024x", i%7), SourceName: []string{"Active Directory", "SAP", "Workday"}[i%3],
			AccountID: "CN=" + text(1), AttributeName: "memberOf", AttributeValue: text(2), Operation: provisioning.OperationAdd,
			AccountLevel: i%5 == 0, ReportedStatus: provisioning.Statuses[i%6], RawStatus: "FINISHED", Cause: provisioning.CauseAccessRequest,
			IdentityID: fmt.Sprintf("2c918088%024x", i%50), IdentityName: text(3), RequesterName: text(4), ErrorMessage: text(5),
			OccurredAt: observed - pcommon.Timestamp(time.Hour), ObservedAt: observed,
			Original: fmt.Sprintf(`{"id":"doc-%d","name":%q,"items":[%s]}`, i, text(0), strings.Repeat(`{"a":1},`, i%9)+"{}"),
		},
		RecordType: record.TypeObservation, Current: i%2 == 0, Status: provisioning.Statuses[(i+1)%6],
		PreviousStatus: provisioning.StatusUnset, Odd: i%11 == 0, Kind: provisioning.KindProvisioning,
		Attempts: int64(1 + i%3), StateSeq: int64(i), Version: uint64(2 * i), GroupNumber: int64(math.MaxInt64) - int64(i),
		GroupStatus: provisioning.StatusFailed, StatusSince: observed, Stalled: i%13 == 0,
	}
	if i%3 == 0 {
		r.CommittedAt, r.FinishedAt, r.CommittedMS = observed, observed+1000, int64(i)
	}
	if i%10 == 9 {
		r.OccurredAt = 0
	}
	if i == 1 {
		r.FailedAt, r.RequestedAt = record.MaxTime/1000*1000, 1000 // the last time there is, and the first
	}
	r.EventID = provisioning.EventID(&r.Observation)
	r.ActivityID = provisioning.ActivityKey{Tenant: r.Tenant, GroupID: r.GroupID}.ID()
	return r
}

// Want is what readers must find in each column: string, bool, int64, time.Time in
// UTC, or nil for null.
func Want(r *record.Record) map[string]any {
	want := map[string]any{"timed": r.OccurredAt != 0}
	for i := range record.Fields {
		switch f := &record.Fields[i]; f.Value {
		case record.ValueBool:
			want[f.Column] = f.Number(r) != 0
		case record.ValueInt, record.ValueUint:
			want[f.Column] = f.Number(r)
		case record.ValueTime:
			want[f.Column] = nil
			if at := f.Number(r); at != 0 {
				want[f.Column] = time.Unix(0, at).UTC()
			}
		default:
			want[f.Column] = f.Word(r)
		}
	}
	want["occurred_at"] = r.At().AsTime()
	return want
}
