package provisioninglokiexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestEntryOfAnActivity(t *testing.T) {
	r := activity(1)
	r.Original = `{"id":"secret to the log reader"}`
	lr := plog.NewLogRecord()
	record.WriteRecord(&r, lr)

	e := (&entryMaker{static: map[string]string{"service_name": "provtrail"}}).entry(lr)
	assert.Equal(t, `{kind="provisioning", service_name="provtrail", source="Active Directory", status="Failed", tenant="acme"}`, e.labels)
	assert.Equal(t, `Failed: Add memberOf "CN=Sales" for ada.lovelace on Active Directory: timed out`, e.push.Line)
	got := map[string]string{}
	for _, m := range e.push.StructuredMetadata {
		got[m.Name] = m.Value
	}
	assert.Equal(t, map[string]string{
		"event": "provisioning.activity", "record_type": "observation", "severity": "ERROR", "feed": "rest", "dialect": "rest",
		"event_id": r.EventID.String(), "activity_id": r.ActivityID.String(), "group_id": "g1",
		"group_number": pcommon.NewValueInt(r.GroupNumber).AsString(), "group_status": "Failed",
		"trace_id": lr.TraceID().String(), "operation": "Add", "attribute_name": "memberOf", "account_id": "CN=Ada",
		"source_id": "5c71ff71195b4794a0b87e7cf36fb017", "identity_name": "ada.lovelace", "raw_status": "FAILED",
		"attempts": "1", "state_seq": "1", "occurred_at": "2026-03-14T11:00:00.123Z",
	}, got)
}

func TestEntryOfOtherRecords(t *testing.T) {
	lr := plog.NewLogRecord()
	record.WriteQuarantined(&record.Quarantined{
		Tenant: "acme", Feed: provisioning.FeedFile, Reason: "no group id", File: "drop/a.json", Position: 7, Original: "{}",
	}, lr)
	e := (&entryMaker{}).entry(lr)
	assert.Equal(t, `{tenant="acme"}`, e.labels)
	assert.Equal(t, "Quarantined: no group id", e.push.Line)
	assert.Equal(t, "drop/a.json", metadataValue(e.push, "file"))
	assert.Equal(t, "no group id", metadataValue(e.push, "reason"))

	lr = plog.NewLogRecord()
	g := record.Group{Group: provisioning.Group{Tenant: "acme", ID: "g1", Status: provisioning.StatusFailed}, Version: 4}
	record.WriteGroup(&g, lr)
	e = (&entryMaker{}).entry(lr)
	assert.Equal(t, `{tenant="acme"}`, e.labels, "a summary must not be counted among the activities of a status")
	assert.Equal(t, "provisioning.group", metadataValue(e.push, "event"))
}

func TestEntryOfAReconciliation(t *testing.T) {
	lr := plog.NewLogRecord()
	record.WriteReconciliation(&record.Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedREST, Hour: pcommon.NewTimestampFromTime(noon.Add(-48 * time.Hour)), Pass: 2,
		ObservedAt: pcommon.NewTimestampFromTime(noon), Verdict: record.VerdictShort, VendorCount: 3, Observed: 2, Missing: 1,
	}, lr)
	e := (&entryMaker{occurred: true}).entry(lr)
	assert.Equal(t, `{tenant="acme"}`, e.labels)
	assert.Equal(t, noon, e.push.Timestamp.Truncate(time.Millisecond), "the hour itself may be too old for Loki")
	assert.Equal(t, "Reconciliation of rest for 2026-03-12 12:00 UTC: short", e.push.Line)
	for name, want := range map[string]string{
		"event": "provisioning.reconciliation", "feed": "rest", "hour": "2026-03-12T12:00:00.123Z", "verdict": "short",
		"vendor_count": "3", "observed": "2", "missing": "1", "pass": "2", "severity": "WARN",
	} {
		assert.Equal(t, want, metadataValue(e.push, name), name)
	}
}

func TestTimestampKeepsTheMillisecondAndTellsRecordsApart(t *testing.T) {
	ld, _ := activities(500)
	seen := map[time.Time]bool{}
	for _, e := range (&entryMaker{}).entries(ld) {
		assert.Equal(t, noon, e.push.Timestamp.Truncate(time.Millisecond))
		seen[e.push.Timestamp] = true
	}
	assert.Len(t, seen, 500)

	again, _ := activities(500)
	for _, e := range (&entryMaker{}).entries(again) {
		assert.True(t, seen[e.push.Timestamp], "a record delivered again has the same time")
	}
	e := (&entryMaker{occurred: true}).entries(ld)[0]
	assert.Equal(t, noon.Add(-time.Hour), e.push.Timestamp.Truncate(time.Millisecond))
}

func TestTextThatLokiCannotRead(t *testing.T) {
	r := activity(1)
	r.SourceName, r.IdentityName = "a\"b\\c\n\xff", "\xfe"
	lr := plog.NewLogRecord()
	record.WriteRecord(&r, lr)
	e := (&entryMaker{}).entry(lr)
	assert.Contains(t, e.labels, `source="a\"b\\c\n�"`)
	assert.Equal(t, "\uFFFD", metadataValue(e.push, "identity_name"))
	_, err := encode([]entry{e})
	require.NoError(t, err)
}
