package provisioning

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

// Copies of one observation, each of which may lack anything that is not part of its id.
func drawCopy(t *rapid.T) Observation {
	text := func(label string) string {
		return rapid.SampledFrom([]string{"", "a", "b", "ab", "ba", "Pending", "Approved"}).Draw(t, label)
	}
	o := observe(StatusFailed, 5)
	o.SourceName, o.Cause, o.IdentityID, o.IdentityName = text("source"), text("cause"), text("identity"), text("name")
	o.RequesterID, o.RequesterName, o.ApproverName = text("requester"), text("requester's name"), text("approver")
	o.ApprovalStatus, o.ErrorMessage, o.TicketID = Approval(text("approval")), text("error"), text("ticket")
	o.RequestedAt = pcommon.Timestamp(rapid.Uint64Range(0, 3).Draw(t, "requested"))
	o.ObservedAt = pcommon.Timestamp(rapid.Uint64Range(1, 9).Draw(t, "received"))
	return o
}

func TestCopiesMergeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		copies := rapid.SliceOfN(rapid.Custom(drawCopy), 1, 5).Draw(t, "copies")
		want := copies[0]
		for i := range copies {
			want = Merge(&want, &copies[i])
		}
		other := rapid.Permutation(copies).Draw(t, "order")
		got := other[0]
		for i := range other {
			got = Merge(&got, &other[i])
		}
		require.Equal(t, want, got)
		for i := range copies {
			require.False(t, copies[i].ErrorMessage != "" && want.ErrorMessage == "", "nothing is lost")
			require.Equal(t, want, Merge(&want, &copies[i]), "a copy adds nothing twice")
		}
		require.Equal(t, Resolve([]Observation{want}), Resolve(other))
	})
}

func TestTheFullerCopyWins(t *testing.T) {
	poor := with(observe(StatusFailed, 5), func(o *Observation) { o.ApprovalStatus, o.ObservedAt = ApprovalApproved, 7*second })
	rich := with(observe(StatusFailed, 5), func(o *Observation) {
		o.ErrorMessage, o.IdentityName, o.ApprovalStatus, o.ObservedAt = "timed out", "Ada", ApprovalPending, 9*second
	})
	require.Equal(t, poor.EventID, rich.EventID)
	a := only(t, poor, rich)
	require.Equal(t, "timed out", a.ErrorMessage)
	require.Equal(t, "Ada", a.IdentityName)
	require.Equal(t, ApprovalApproved, a.ApprovalStatus, "a decision is more than a pending approval")
	require.Equal(t, 1, a.StateSeq)
	require.Equal(t, 7*second, a.History[0].ObservedAt)
}
