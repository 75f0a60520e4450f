package record

import (
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"
)

func TestReconciliationIsReadAsWritten(t *testing.T) {
	want := Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedSearch, Hour: 3_600_000_000_000, ObservedAt: 7_200_000_000_000, Pass: 2,
		Verdict: VerdictShort, VendorCount: 12, Method: MethodCount, Observed: 9, Ignored: 1, Quarantined: 1,
		IgnoredReasons: `{"no requests":1}`, Digest: "00000000000000ff", Missing: 1, MissingIDs: []string{"a"}, Reason: "the vendor counts one more",
	}
	lr := plog.NewLogRecord()
	WriteReconciliation(&want, lr)
	require.Equal(t, plog.SeverityNumberWarn, lr.SeverityNumber())
	require.Equal(t, want.Hour, lr.Timestamp())
	require.False(t, want.EventID.IsZero())
	var got Reconciliation
	require.NoError(t, ReadReconciliation(lr, &got))
	require.Equal(t, want, got)
	require.ErrorIs(t, ReadReconciliation(plog.NewLogRecord(), &got), ErrNotReconciliation)
}

// TestDocumentsDigest: independent of the order, and different where a document differs.
func TestDocumentsDigest(t *testing.T) {
	require.Equal(t, "0000000000000000", DocumentsDigest(0).String())
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.String(), 1, 20, rapid.ID[string]).Draw(t, "ids")
		var forward, backward DocumentsDigest
		for i := range ids {
			forward.Add(ids[i])
			backward.Add(ids[len(ids)-1-i])
		}
		require.Equal(t, forward, backward)
		backward.Add(ids[0])
		require.NotEqual(t, forward, backward)
	})
}

func TestDigestID(t *testing.T) {
	o := provisioning.Observation{VendorID: "v", EventID: provisioning.HashID("e")}
	for feed, want := range map[provisioning.Feed]string{provisioning.FeedREST: "v", provisioning.FeedSearch: "v", provisioning.FeedEvents: o.EventID.String()} {
		o.Feed = feed
		require.Equal(t, want, DigestID(&o))
	}
}
