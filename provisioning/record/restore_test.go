package record

import (
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"
)

// asStored is a record as a store that keeps microseconds gives it back.
func asStored(t require.TestingT, r *Record) *Record {
	lr := plog.NewLogRecord()
	WriteRecord(r, lr)
	var back Record
	require.NoError(t, Read(lr, &back))
	back.OccurredAt -= back.OccurredAt % resolution
	back.ObservedAt -= back.ObservedAt % resolution
	back.RequestedAt -= back.RequestedAt % resolution
	return &back
}

func TestObservationsAreRestoredFromTheirRecords(t *testing.T) {
	word := func(t *rapid.T, label string) string {
		return rapid.SampledFrom([]string{"", "a", "B", `<"&\` + "\u2028é", "2c9180835d2e5168015d32f890ca1581"}).Draw(t, label)
	}
	at := func(t *rapid.T, label string) pcommon.Timestamp {
		return pcommon.Timestamp(rapid.SampledFrom([]uint64{0, 1, 999, 1000, 5_000_000, 1_777_888_999_123_456_789}).Draw(t, label))
	}
	rapid.Check(t, func(t *rapid.T) {
		set := make([]provisioning.Observation, rapid.IntRange(1, 12).Draw(t, "n"))
		for i := range set {
			o := provisioning.Observation{
				Tenant: "acme", GroupID: "g1", Feed: rapid.SampledFrom([]provisioning.Feed{provisioning.FeedREST, provisioning.FeedFile}).Draw(t, "feed"), Dialect: provisioning.DialectREST,
				VendorID: word(t, "vendor"), ItemID: word(t, "item"), SourceID: word(t, "source"), SourceName: word(t, "source name"),
				AccountID: word(t, "account"), AttributeName: word(t, "attribute"), AttributeValue: word(t, "value"),
				Operation:    rapid.SampledFrom([]provisioning.Operation{"Modify", "Add", "ChangePassword"}).Draw(t, "operation"),
				AccountLevel: rapid.Bool().Draw(t, "level"), ReportedStatus: provisioning.Status(rapid.IntRange(0, 6).Draw(t, "status")), RawStatus: word(t, "raw"),
				Cause: word(t, "cause"), IdentityID: word(t, "identity"), IdentityName: word(t, "identity name"),
				RequesterID: word(t, "requester"), RequesterName: word(t, "requester name"), ApproverName: word(t, "approver"),
				ApprovalStatus: provisioning.Approval(word(t, "approval")), ErrorMessage: word(t, "error"), TicketID: word(t, "ticket"),
				Side:        rapid.SampledFrom([]provisioning.FailedOn{"", provisioning.FailedOnSource, provisioning.FailedOnIdentityNow}).Draw(t, "side"),
				RequestedAt: at(t, "requested"), OccurredAt: at(t, "occurred"), ObservedAt: 1 + at(t, "observed"), Original: "{}",
			}
			o.EventID = provisioning.EventID(&o)
			set[i] = o
		}
		activities := provisioning.Resolve(set)
		want, got := map[provisioning.ID]provisioning.Observation{}, map[provisioning.ID]provisioning.Observation{}
		var restored []provisioning.Observation
		for i := range activities {
			for step := range activities[i].History {
				asOf := activities[i].AsOf(step + 1)
				r := New(&asOf)
				o, err := RestoreObservation(asStored(t, &r))
				require.NoError(t, err)
				own := *activities[i].History[step].Observation
				own.Original = ""
				want[own.EventID], got[o.EventID] = own, o
				restored = append(restored, o)
			}
		}
		require.Equal(t, want, got)
		again := provisioning.Resolve(restored)
		require.Len(t, again, len(activities))
		for i := range again {
			require.Equal(t, New(&again[i]).withoutOriginal(), New(&activities[i]).withoutOriginal())
		}
	})
}

func (r Record) withoutOriginal() Record {
	r.Original = ""
	return r
}

func TestOverridesAreEmptyWhereNothingDiffers(t *testing.T) {
	o := provisioning.Observation{Tenant: "acme", GroupID: "g1", SourceID: "s", AccountID: "a", Operation: "Add", ReportedStatus: provisioning.StatusPending, OccurredAt: 5000, ObservedAt: 6000, Original: "{}"}
	o.EventID = provisioning.EventID(&o)
	activities := provisioning.Resolve([]provisioning.Observation{o})
	require.Empty(t, New(&activities[0]).ReportedOverrides)
}

func TestWrongOverridesAreAnError(t *testing.T) {
	for overrides, want := range map[string]string{
		`{`: "unexpected end", `{"colour":"red"}`: "colour: is no column", `{"odd":true}`: "odd: is no column",
		`{"cause":3}`: "cause", `{"occurred_at":"x"}`: "occurred_at", `{"account_level":true}`: "cannot differ",
	} {
		_, err := RestoreObservation(&Record{ReportedOverrides: overrides})
		require.ErrorContains(t, err, want)
	}
}
