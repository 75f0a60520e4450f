package provisioning

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

// trigger is a document without a time, received at a second.
func trigger(reported Status, received pcommon.Timestamp, change ...func(*Observation)) Observation {
	return with(observe(reported, 0), func(o *Observation) {
		o.Dialect, o.ObservedAt, o.AttributeValue = DialectTrigger, received*second, "CN=Trigger"
		for _, f := range change {
			f(o)
		}
	})
}

// TestWithoutATimeAnActivityIsDatedByWhatIsKnown and not by the receipt, which may be long
// after.
func TestWithoutATimeAnActivityIsDatedByWhatIsKnown(t *testing.T) {
	requested := func(at pcommon.Timestamp) func(*Observation) {
		return func(o *Observation) { o.RequestedAt = at * second }
	}
	f := func(want pcommon.Timestamp, observations ...Observation) {
		t.Helper()
		for _, a := range Resolve(observations) {
			if a.Key.Value == "CN=Trigger" {
				require.Equal(t, want*second, a.LastAt)
				require.Equal(t, want*second, a.FirstAt)
				require.Equal(t, want*second, a.StatusSince)
				require.Equal(t, want*second, a.CommittedAt)
			}
		}
	}
	committed := trigger(StatusCommitted, 9000)
	f(9000, committed)
	f(70, trigger(StatusCommitted, 9000, requested(70)))
	f(70, trigger(StatusCommitted, 9000, requested(70)), observe(StatusSuccess, 80))
	f(80, committed, observe(StatusPending, 10), observe(StatusSuccess, 80))
	f(80, committed, observe(StatusSuccess, 80), observe(StatusFailed, 9500))
	f(60, committed, with(observe(StatusSuccess, 9500), requested(60)))
	f(9000, committed, observe(StatusSuccess, 9500))
	f(9000, trigger(StatusCommitted, 9000, requested(9100)))
}

// TestADocumentThatIsSentAgainDoesNotMoveTheActivity: what advances it does.
func TestADocumentThatIsSentAgainDoesNotMoveTheActivity(t *testing.T) {
	replayed := with(trigger(StatusCommitted, 9000), func(o *Observation) { o.AttributeValue = "CN=Sales" })
	a := only(t, observe(StatusPending, 10), observe(StatusSuccess, 80), replayed)
	require.Equal(t, StatusSuccess, a.Status)
	require.Equal(t, 80*second, a.LastAt)
	a = only(t, observe(StatusPending, 10), replayed)
	require.Equal(t, StatusCommitted, a.Status)
	require.Equal(t, 9000*second, a.LastAt, "nothing else shows when it was committed")
}

// TestDatesAreAFunctionOfTheSet: the order does not matter, no date is after the time of what
// it is of, and dates of a history do not go back.
func TestDatesAreAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := history(t)
		for i := range observations {
			if rapid.Bool().Draw(t, "untimed again") {
				observations[i].OccurredAt = 0
			}
			observations[i].RequestedAt = pcommon.Timestamp(rapid.IntRange(0, 3).Draw(t, "requested")) * second
			observations[i] = finish(observations[i])
		}
		activities := Resolve(observations)
		want := plain(activities)
		for _, a := range Resolve(observations) {
			for n := range a.History {
				as := a.AsOf(n + 1)
				require.LessOrEqual(t, as.FirstAt, as.LastAt)
				require.LessOrEqual(t, as.LastAt, as.History[n].At())
				for _, in := range as.TimeIn {
					require.GreaterOrEqual(t, in, time.Duration(0))
				}
			}
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		random.Shuffle(len(observations), func(i, j int) { observations[i], observations[j] = observations[j], observations[i] })
		require.Equal(t, want, plain(Resolve(observations)))
	})
}
