package change

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const minute = pcommon.Timestamp(time.Minute)

var thresholds = Thresholds{
	Default: Limits{Stalled: time.Hour, Overdue: 2 * time.Hour},
	Sources: map[string]Limits{"sap": {Stalled: time.Minute}},
}

func observe(reported provisioning.Status, at pcommon.Timestamp, source string) provisioning.Observation {
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, GroupID: "g1", SourceName: source, AccountID: "ada",
		Operation: provisioning.OperationEnable, ReportedStatus: reported, RawStatus: reported.String(),
		OccurredAt: at, ObservedAt: at + 1, Original: "{}",
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

// step merges arrivals and finds what is to be emitted.
func step(before *state.Group, interruption pcommon.Timestamp, epoch uint32, arrivals ...provisioning.Observation) (Change, *state.Group) {
	merged := before.Merge(state.Pointers(arrivals))
	emitted := Find(Input{
		Before: before, After: &merged.Group, Arrivals: state.Pointers(arrivals), Added: merged.Added, Moved: merged.Moved,
		Epoch: epoch, EpochStart: epoch, LastInterruption: interruption, Thresholds: &thresholds,
	})
	if emitted.Full {
		merged.EmittedEpoch = epoch
	}
	return emitted, &merged.Group
}

func TestOnlyTheNewestStepIsCurrent(t *testing.T) {
	late, newest := observe(provisioning.StatusPending, 5, "AD"), observe(provisioning.StatusSuccess, 9, "AD")
	emitted, g := step(&state.Group{}, 0, 0, newest)
	require.Len(t, emitted.Records, 1)
	require.True(t, emitted.Records[0].Current)
	require.Equal(t, "{}", emitted.Records[0].Original)
	require.Equal(t, provisioning.StatusSuccess, emitted.Summary.Status)

	emitted, _ = step(g, 0, 0, late)
	require.Len(t, emitted.Records, 2)
	own, current := emitted.Records[0], emitted.Records[1]
	require.Equal(t, record.TypeObservation, own.RecordType)
	require.False(t, own.Current)
	require.Equal(t, provisioning.StatusPending, own.Status)
	require.EqualValues(t, 1, own.StateSeq)
	require.Equal(t, record.TypeState, current.RecordType)
	require.True(t, current.Current)
	require.Equal(t, provisioning.StatusSuccess, current.Status)
	require.EqualValues(t, 2, current.StateSeq)
	require.Empty(t, current.Original)
	require.Equal(t, record.Version(2, false), current.Version)
}

// TestAStateIsDatedByWhatIsKnown: a document without a time keeps its time of receipt, and
// the state of its activity has the time of its siblings, also of those that come later.
func TestAStateIsDatedByWhatIsKnown(t *testing.T) {
	const received = 9000 * minute
	replayed := observe(provisioning.StatusCommitted, 0, "SAP")
	replayed.ObservedAt = received
	emitted, g := step(&state.Group{}, 0, 0, replayed)
	require.Len(t, emitted.Records, 1, "nothing else is known")
	require.True(t, emitted.Records[0].Current)
	require.Zero(t, emitted.Records[0].OccurredAt)

	emitted, g = step(g, 0, 0, observe(provisioning.StatusSuccess, 80*minute, "AD"))
	require.Len(t, emitted.Records, 2)
	dated := emitted.Records[1]
	require.Equal(t, "SAP", dated.SourceName)
	require.Equal(t, record.TypeState, dated.RecordType)
	require.Equal(t, 80*minute, dated.OccurredAt)
	require.Equal(t, 80*minute, dated.CommittedAt)
	require.Equal(t, received, dated.ObservedAt)
	require.Equal(t, 80*minute, emitted.Summary.LastAt)

	again := observe(provisioning.StatusCommitted, 0, "AD") // after it was verified
	again.ObservedAt = received
	emitted, _ = step(g, 0, 0, again)
	require.Len(t, emitted.Records, 2)
	own, current := emitted.Records[0], emitted.Records[1]
	require.Equal(t, record.TypeObservation, own.RecordType)
	require.False(t, own.Current)
	require.Zero(t, own.OccurredAt)
	require.True(t, current.Current)
	require.Equal(t, provisioning.StatusSuccess, current.Status)
	require.Equal(t, 80*minute, current.OccurredAt)
}

func TestWhatDidNotChangeIsNotEmitted(t *testing.T) {
	_, g := step(&state.Group{}, 0, 0, observe(provisioning.StatusPending, 5, "AD"), observe(provisioning.StatusPending, 5, "SAP"))
	emitted, _ := step(g, 0, 0, observe(provisioning.StatusCommitted, 7, "SAP"))
	require.Len(t, emitted.Records, 1)
	require.Equal(t, "SAP", emitted.Records[0].SourceName)
	emitted = Find(Input{Before: g, After: g, Thresholds: &thresholds})
	require.Empty(t, emitted.Records)
	require.Nil(t, emitted.Summary)
}

func TestAfterAnInterruptionTheGroupIsEmittedOnce(t *testing.T) {
	_, g := step(&state.Group{}, 0, 0, observe(provisioning.StatusPending, 5, "AD"))
	emitted, after := step(g, 6, 3, observe(provisioning.StatusPending, 5, "SAP"))
	require.Len(t, emitted.Records, 2, "AD may have been emitted otherwise by who was interrupted")
	require.Equal(t, Version(3, 2, false), emitted.Records[1].Version)
	emitted, _ = step(after, 6, 3, observe(provisioning.StatusPending, 5, "LDAP"))
	require.Len(t, emitted.Records, 1)
	emitted, _ = step(g, 6, 3, observe(provisioning.StatusPending, 6+skew+1, "SAP"))
	require.Len(t, emitted.Records, 1, "what happened after the interruption was not part of it")
}

func TestVersionsOfLaterEpochsAreHigher(t *testing.T) {
	require.Equal(t, record.Version(7, true), Version(0, 7, true))
	require.Greater(t, Version(1, 1, false), Version(0, 1_000_000_000, true))
}

func TestTimer(t *testing.T) {
	retention := Retention{Closed: 24 * time.Hour, Open: 48 * time.Hour}
	now := 1000 * minute
	f := func(want pcommon.Timestamp, checked pcommon.Timestamp, observations ...provisioning.Observation) {
		t.Helper()
		g := state.Group{Observations: observations, Touched: now, Checked: checked}
		require.Equal(t, TickAfter(want), Timer(&g, provisioning.Resolve(observations), &thresholds, retention, now))
	}
	day := 24 * 60 * minute
	f(now+day, 0, observe(provisioning.StatusSuccess, now, "AD"))
	f(now+60*minute, 0, observe(provisioning.StatusPending, now, "AD"))
	f(now+minute, 0, observe(provisioning.StatusRetrying, now, "SAP"))
	f(now+day, 0, observe(provisioning.StatusCommitted, now, "SAP"))
	f(now+120*minute, 0, observe(provisioning.StatusCommitted, now, "AD"))
	f(now, 0, observe(provisioning.StatusPending, 1, "AD"))
	f(now+2*day, now, observe(provisioning.StatusPending, 1, "AD"))
	f(now+minute, 0, observe(provisioning.StatusPending, now, "AD"), observe(provisioning.StatusPending, now, "SAP"))
}

func TestAGroupOfThousands(t *testing.T) {
	var arrivals []provisioning.Observation
	for i := range 3000 {
		o := observe(provisioning.StatusPending, pcommon.Timestamp(i+1), "AD")
		o.AccountID = fmt.Sprint("user", i)
		o.EventID = provisioning.EventID(&o)
		arrivals = append(arrivals, o)
	}
	emitted, g := step(&state.Group{}, 0, 0, arrivals[:2000]...)
	require.Len(t, emitted.Records, 2000)
	emitted, _ = step(g, 0, 0, arrivals[1000:]...)
	require.Len(t, emitted.Records, 1000)
	require.Len(t, emitted.After, 3000)
}
