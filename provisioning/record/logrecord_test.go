package record

import (
	"reflect"
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"
)

// fill sets every field of a record to a value of its own, so that a field that
// the mapping forgets shows.
func fill(t *rapid.T, r *Record) {
	for i := range Fields {
		label := Fields[i].Column
		switch p := Fields[i].Pointer(r).(type) {
		case *string:
			*p = rapid.StringN(0, 20, -1).Draw(t, label)
		case *provisioning.Feed:
			*p = provisioning.Feed(rapid.String().Draw(t, label))
		case *provisioning.Dialect:
			*p = provisioning.Dialect(rapid.String().Draw(t, label))
		case *Type:
			*p = Type(rapid.String().Draw(t, label))
		case *provisioning.Operation:
			*p = provisioning.Operation(rapid.String().Draw(t, label))
		case *provisioning.Kind:
			*p = provisioning.Kind(rapid.String().Draw(t, label))
		case *provisioning.FailedOn:
			*p = provisioning.FailedOn(rapid.String().Draw(t, label))
		case *provisioning.Approval:
			*p = provisioning.Approval(rapid.String().Draw(t, label))
		case *provisioning.Outcome:
			*p = provisioning.Outcome(rapid.String().Draw(t, label))
		case *provisioning.Status:
			*p = provisioning.Status(rapid.IntRange(0, int(provisioning.StatusCount)-1).Draw(t, label))
		case *provisioning.ID:
			*p = provisioning.HashID("test", rapid.String().Draw(t, label))
		case *bool:
			*p = rapid.Bool().Draw(t, label)
		case *int64:
			*p = rapid.Int64().Draw(t, label)
		case *uint64:
			*p = rapid.Uint64Range(0, 1<<63-1).Draw(t, label)
		case *pcommon.Timestamp:
			*p = pcommon.Timestamp(rapid.Uint64Range(0, uint64(MaxTime)).Draw(t, label))
		default:
			t.Fatalf("%s has type %T, which the mapping does not know", label, p)
		}
	}
	r.GroupID = "g" + r.GroupID
}

func TestRecordSurvivesItsLogRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want, got Record
		fill(t, &want)
		lr := plog.NewLogRecord()
		WriteRecord(&want, lr)
		require.NoError(t, Read(lr, &got))
		require.Equal(t, want, got)
		require.Equal(t, provisioning.TraceID(want.Tenant, want.GroupID), lr.TraceID())
	})
}

func TestReadNamesTheAttribute(t *testing.T) {
	f := func(change func(plog.LogRecord), want string) {
		t.Helper()
		lr := plog.NewLogRecord()
		o := provisioning.Observation{Tenant: "acme", GroupID: "g1", ReportedStatus: provisioning.StatusPending, OccurredAt: 1, ObservedAt: 2}
		o.EventID = provisioning.EventID(&o)
		WriteObservation(&o, lr)
		change(lr)
		var r Record
		require.ErrorContains(t, Read(lr, &r), want)
	}
	f(func(lr plog.LogRecord) { lr.SetEventName("other") }, ErrNotActivity.Error())
	f(func(lr plog.LogRecord) { lr.Attributes().PutInt("provisioning.tenant", 1) }, "provisioning.tenant: is Int, want Str")
	f(func(lr plog.LogRecord) { lr.Attributes().PutStr("provisioning.status", "Done") }, "provisioning.status")
	f(func(lr plog.LogRecord) { lr.Attributes().Remove("provisioning.event_id") }, "provisioning.event_id is missing")
	f(func(lr plog.LogRecord) { lr.Attributes().Remove("provisioning.group_id") }, "provisioning.group_id is missing")
	f(func(lr plog.LogRecord) { lr.Attributes().PutStr("provisioning.activity_id", "zz") }, "provisioning.activity_id")
}

func TestQuarantinedSurvivesItsLogRecord(t *testing.T) {
	want := Quarantined{
		Tenant: "acme", Feed: provisioning.FeedFile, Reason: "line 3: unexpected end", File: "in/a.json",
		Position: 812, Field: "items[0].id", ObservedAt: 7, Original: "{", Size: 1,
	}
	lr := plog.NewLogRecord()
	WriteQuarantined(&want, lr)
	var got Quarantined
	require.NoError(t, ReadQuarantined(lr, &got))
	require.Equal(t, want, got)
	require.False(t, got.EventID.IsZero())
	require.ErrorIs(t, ReadQuarantined(plog.NewLogRecord(), &got), ErrNotQuarantine)
}

func TestGroupSurvivesItsLogRecord(t *testing.T) {
	want := Group{
		Group: provisioning.Group{
			Tenant: "acme", ID: "g1", Number: provisioning.GroupNumber("acme", "g1"), Status: provisioning.StatusFailed, Activities: 3,
			Sources: []string{"AD", "SAP"}, Cause: provisioning.CauseAccessRequest, IdentityID: "i", IdentityName: "Ada",
			Requester: "Bob", FirstAt: 1, LastAt: 9,
		},
		Version: 8, ObservedAt: 10,
	}
	want.Counts[provisioning.StatusFailed], want.Counts[provisioning.StatusSuccess] = 1, 2
	lr := plog.NewLogRecord()
	WriteGroup(&want, lr)
	var got Group
	require.NoError(t, ReadGroup(lr, &got))
	require.Equal(t, want, got)
	require.ErrorIs(t, ReadGroup(plog.NewLogRecord(), &got), ErrNotGroup)
}

func TestSeverityFollowsStatus(t *testing.T) {
	f := func(status provisioning.Status, stalled bool, want string) {
		t.Helper()
		lr := plog.NewLogRecord()
		WriteRecord(&Record{Status: status, Stalled: stalled}, lr)
		require.Equal(t, want, lr.SeverityText())
	}
	f(provisioning.StatusFailed, false, "ERROR")
	f(provisioning.StatusRetrying, false, "WARN")
	f(provisioning.StatusNotVerifiable, false, "WARN")
	f(provisioning.StatusPending, true, "WARN")
	f(provisioning.StatusPending, false, "INFO")
	f(provisioning.StatusSuccess, false, "INFO")
}

// TestEnrichedIsAsWritten: what the processor adds to a record that came is what it
// would have written anew.
func TestEnrichedIsAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Record
		fill(t, &r)
		var o Record
		if rapid.Bool().Draw(t, "other words") {
			fill(t, &o)
		} else {
			o = r
		}
		// What makes it the record of this observation.
		o.Tenant, o.GroupID, o.EventID, o.OccurredAt, o.ObservedAt = r.Tenant, r.GroupID, r.EventID, r.OccurredAt, r.ObservedAt
		want, got := plog.NewLogRecord(), plog.NewLogRecord()
		WriteRecord(&r, want)
		WriteObservation(&o.Observation, got)
		got.Attributes().PutStr("colour", "red")
		Enrich(got, &o.Observation, &r)
		want.Attributes().PutStr("colour", "red")
		require.Equal(t, want.Attributes().AsRaw(), got.Attributes().AsRaw())
		require.Equal(t, want.Body().Str(), got.Body().Str())
		require.Equal(t, want.SeverityNumber(), got.SeverityNumber())
		require.Equal(t, want.SeverityText(), got.SeverityText())
		require.Equal(t, want.TraceID(), got.TraceID())
		require.Equal(t, want.Timestamp(), got.Timestamp())
	})
}

// What [same] rests on.
func TestObservationIsTheBeginningOfItsRecord(t *testing.T) {
	first := reflect.TypeFor[Record]().Field(0)
	require.Equal(t, reflect.TypeFor[provisioning.Observation](), first.Type)
	require.Zero(t, first.Offset)
}
