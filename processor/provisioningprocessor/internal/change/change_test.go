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

func observe(says provisioning.Status, at pcommon.Timestamp, source string) provisioning.Observation {
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, GroupID: "g1", SourceName: source, AccountID: "ada",
		Operation: provisioning.OperationEnable, ReportedStatus: says, RawStatus: says.String(),
		OccurredAt: at, ObservedAt: at + 1, Original: "{}",
	}
	o.EventID = provisioning.EventID(&o)
	return o
}

// step merges arrivals and finds what is to be told.
func step(before *state.Group, doubt pcommon.Timestamp, generation uint32, arrivals ...provisioning.Observation) (Change, *state.Group) {
	merged := before.Merge(state.Pointers(arrivals))
	told := Find(Input{
		Before: before, After: &merged.Group, Arrivals: state.Pointers(arrivals), Added: merged.Added, Moved: merged.Moved,
		Generation: generation, Since: generation, Doubt: doubt, Thresholds: &thresholds,
	})
	if told.Whole {
		merged.Told = generation
	}
	return told, &merged.Group
}

func TestOnlyTheNewestStepIsCurrent(t *testing.T) {
	late, newest := observe(provisioning.StatusPending, 5, "AD"), observe(provisioning.StatusSuccess, 9, "AD")
	told, g := step(&state.Group{}, 0, 0, newest)
	require.Len(t, told.Records, 1)
	require.True(t, told.Records[0].Current)
	require.Equal(t, "{}", told.Records[0].Original)
	require.Equal(t, provisioning.StatusSuccess, told.Summary.Status)

	told, _ = step(g, 0, 0, late)
	require.Len(t, told.Records, 2)
	own, current := told.Records[0], told.Records[1]
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

func TestWhatDidNotChangeIsNotTold(t *testing.T) {
	_, g := step(&state.Group{}, 0, 0, observe(provisioning.StatusPending, 5, "AD"), observe(provisioning.StatusPending, 5, "SAP"))
	told, _ := step(g, 0, 0, observe(provisioning.StatusCommitted, 7, "SAP"))
	require.Len(t, told.Records, 1)
	require.Equal(t, "SAP", told.Records[0].SourceName)
	told = Find(Input{Before: g, After: g, Thresholds: &thresholds})
	require.Empty(t, told.Records)
	require.Nil(t, told.Summary)
}

func TestInDoubtTheWholeGroupIsToldOnce(t *testing.T) {
	_, g := step(&state.Group{}, 0, 0, observe(provisioning.StatusPending, 5, "AD"))
	told, after := step(g, 6, 3, observe(provisioning.StatusPending, 5, "SAP"))
	require.Len(t, told.Records, 2, "AD may have been told otherwise by who was interrupted")
	require.Equal(t, Version(3, 2, false), told.Records[1].Version)
	told, _ = step(after, 6, 3, observe(provisioning.StatusPending, 5, "LDAP"))
	require.Len(t, told.Records, 1)
	told, _ = step(g, 6, 3, observe(provisioning.StatusPending, 6+skew+1, "SAP"))
	require.Len(t, told.Records, 1, "what happened after the interruption was not part of it")
}

func TestVersionsOfLaterGenerationsAreHigher(t *testing.T) {
	require.Equal(t, record.Version(7, true), Version(0, 7, true))
	require.Greater(t, Version(1, 1, false), Version(0, 1_000_000_000, true))
}

func TestAlarm(t *testing.T) {
	retention := Retention{Closed: 24 * time.Hour, Open: 48 * time.Hour}
	now := 1000 * minute
	f := func(want pcommon.Timestamp, checked pcommon.Timestamp, observations ...provisioning.Observation) {
		t.Helper()
		g := state.Group{Observations: observations, Touched: now, Checked: checked}
		require.Equal(t, TickAfter(want), Alarm(&g, provisioning.Resolve(observations), &thresholds, retention, now))
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
	told, g := step(&state.Group{}, 0, 0, arrivals[:2000]...)
	require.Len(t, told.Records, 2000)
	told, _ = step(g, 0, 0, arrivals[1000:]...)
	require.Len(t, told.Records, 1000)
	require.Len(t, told.After, 3000)
}
