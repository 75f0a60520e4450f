package provisioning

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

const second = pcommon.Timestamp(1e9)

// observe is one REST item's report at a second of the vendor's clock.
func observe(reported Status, at pcommon.Timestamp) Observation {
	return finish(Observation{
		Tenant: "acme", Feed: FeedREST, Dialect: DialectREST, GroupID: "g1",
		SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory", AccountID: "CN=Ada",
		AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: OperationAdd,
		ReportedStatus: reported, RawStatus: reported.String(), OccurredAt: at * second,
	})
}

func finish(o Observation) Observation {
	if o.ObservedAt == 0 {
		o.ObservedAt = o.OccurredAt + second
	}
	o.EventID = EventID(&o)
	return o
}

func with(o Observation, change func(*Observation)) Observation {
	change(&o)
	return finish(o)
}

func only(t *testing.T, observations ...Observation) Activity {
	t.Helper()
	activities := Resolve(observations)
	require.Len(t, activities, 1)
	return activities[0]
}

func TestStatusTable(t *testing.T) {
	P, R, C, F, N, S := StatusPending, StatusRetrying, StatusCommitted, StatusFailed, StatusNotVerifiable, StatusSuccess
	reported := []Status{P, R, C, F, N, S}
	f := func(was Status, next []Status, odd ...Status) {
		t.Helper()
		for i, s := range reported {
			got, isOdd := was.Next(s, true)
			require.Equal(t, next[i].String(), got.String(), "%s reported %s", was, s)
			require.Equal(t, slices.Contains(odd, s), isOdd, "%s reported %s: odd", was, s)
		}
	}
	f(StatusUnset, reported)
	f(P, reported)
	f(R, []Status{R, R, C, F, N, S})
	f(F, []Status{R, R, C, F, N, S})
	f(C, []Status{C, R, C, F, N, S}, P, R)
	f(N, []Status{N, R, N, F, N, S}, P, R, F)
	f(S, []Status{S, R, S, F, S, S}, P, R, F)
}

func TestWithoutAVendorTimeOnlyAdvances(t *testing.T) {
	f := func(was, reported, want Status) {
		t.Helper()
		got, _ := was.Next(reported, false)
		require.Equal(t, want, got, "%s reported %s", was, reported)
	}
	f(StatusPending, StatusCommitted, StatusCommitted)
	f(StatusPending, StatusFailed, StatusFailed)
	f(StatusCommitted, StatusFailed, StatusCommitted)
	f(StatusNotVerifiable, StatusFailed, StatusNotVerifiable)
	f(StatusSuccess, StatusFailed, StatusSuccess)
	f(StatusSuccess, StatusPending, StatusSuccess)
	f(StatusSuccess, StatusRetrying, StatusSuccess)
	f(StatusFailed, StatusPending, StatusRetrying)
}

func TestLifeOfAnActivity(t *testing.T) {
	a := only(t,
		observe(StatusPending, 10), observe(StatusFailed, 20), observe(StatusFailed, 21), observe(StatusPending, 30),
		observe(StatusCommitted, 50), observe(StatusSuccess, 90))
	require.Equal(t, StatusSuccess, a.Status)
	require.Equal(t, StatusCommitted, a.PreviousStatus)
	require.Equal(t, 2, a.Attempts)
	require.Equal(t, 6, a.StateSeq)
	require.Equal(t, 10*second, a.FirstPendingAt)
	require.Equal(t, 20*second, a.FirstFailedAt)
	require.Equal(t, 21*second, a.FailedAt)
	require.Equal(t, 50*second, a.CommittedAt)
	require.Equal(t, 90*second, a.FinishedAt)
	require.InDelta(t, 10, a.TimeIn[StatusPending].Seconds(), 0)
	require.InDelta(t, 10, a.TimeIn[StatusFailed].Seconds(), 0)
	require.InDelta(t, 20, a.TimeIn[StatusRetrying].Seconds(), 0)
	require.InDelta(t, 40, a.TimeIn[StatusCommitted].Seconds(), 0)

	before := a.AsOf(4)
	require.Equal(t, StatusRetrying, before.Status)
	require.Equal(t, StatusFailed, before.PreviousStatus)
	require.Zero(t, before.CommittedAt)
}

func TestUnknownWordKeepsTheLastKnownStatus(t *testing.T) {
	unknown := with(observe(StatusUnset, 20), func(o *Observation) { o.RawStatus = "LIMBO" })
	a := only(t, observe(StatusCommitted, 10), unknown)
	require.Equal(t, StatusCommitted, a.Status)
	require.Equal(t, 2, a.StateSeq)
	require.Equal(t, StatusUnset, only(t, unknown).Status)
}

func TestKeysJoinFeeds(t *testing.T) {
	rest := observe(StatusPending, 10)
	search := with(observe(StatusCommitted, 20), func(o *Observation) {
		o.Feed, o.Dialect, o.AccountID = FeedSearch, DialectSearch, "cn=ADA"
	})
	named := with(observe(StatusSuccess, 30), func(o *Observation) { o.SourceID, o.SourceName = "Active Directory", "" })
	require.Equal(t, StatusCommitted, only(t, rest, search).Status)
	require.Equal(t, StatusSuccess, only(t, rest, named).Status, "a name where an id should be")
	require.Len(t, Resolve([]Observation{rest, with(rest, func(o *Observation) { o.AttributeValue = "CN=Other" })}), 2)
}

func TestAccountLevelFoldsIntoFiner(t *testing.T) {
	event := with(observe(StatusFailed, 40), func(o *Observation) {
		o.Dialect, o.AccountLevel, o.AttributeName, o.AttributeValue, o.Operation = DialectEvent, true, "", "", OperationModify
		o.ErrorMessage = "LDAP 49"
	})
	require.Equal(t, OperationModify, only(t, event).Key.Operation, "stands on its own until a finer one arrives")

	other := with(observe(StatusCommitted, 30), func(o *Observation) { o.AttributeValue, o.Operation = "CN=Old", OperationRemove })
	elsewhere := with(observe(StatusCommitted, 30), func(o *Observation) { o.AccountID = "CN=Bob" })
	activities := Resolve([]Observation{event, observe(StatusCommitted, 30), other, elsewhere})
	require.Len(t, activities, 3)
	for _, a := range activities {
		want := StatusFailed
		if a.Key.Account == "cn=bob" {
			want = StatusCommitted
		}
		require.Equal(t, want, a.Status, a.Key)
	}

	create := with(event, func(o *Observation) { o.Operation = OperationDisable })
	require.Len(t, Resolve([]Observation{create, other}), 2, "disabling does not cover removing a value")
}

func TestItemWhoseAccountComesLater(t *testing.T) {
	unnamed := with(observe(StatusPending, 1), func(o *Observation) { o.AccountID = "" })
	require.Equal(t, StatusSuccess, only(t, unnamed, observe(StatusSuccess, 9)).Status)
}

func TestFailedOn(t *testing.T) {
	password := func(side FailedOn, reported Status, at pcommon.Timestamp) Observation {
		return with(observe(reported, at), func(o *Observation) {
			o.Operation, o.AttributeName, o.AttributeValue, o.Side, o.AccountLevel = OperationChangePassword, "", "", side, true
		})
	}
	f := func(want FailedOn, observations ...Observation) {
		t.Helper()
		require.Equal(t, want, only(t, observations...).FailedOn)
	}
	f(FailedOnNone, password(FailedOnSource, StatusCommitted, 1))
	f(FailedOnSource, password(FailedOnIdentityNow, StatusCommitted, 1), password(FailedOnSource, StatusFailed, 2))
	f(FailedOnIdentityNow, password(FailedOnIdentityNow, StatusFailed, 1))
	f(FailedOnBoth, password(FailedOnIdentityNow, StatusFailed, 1), password(FailedOnSource, StatusFailed, 2))
	f(FailedOnNone, password(FailedOnSource, StatusFailed, 1), password(FailedOnSource, StatusSuccess, 2))
}

// history draws a group's observations: several activities, feeds, levels, with
// and without the vendor's time, many ties.
func history(t *rapid.T) []Observation {
	n := rapid.IntRange(1, 14).Draw(t, "n")
	out := make([]Observation, n)
	for i := range out {
		at := pcommon.Timestamp(rapid.Uint64Range(1, 6).Draw(t, "at"))
		o := observe(Status(rapid.IntRange(0, int(StatusCount)-1).Draw(t, "status")), at)
		o.AttributeValue = rapid.SampledFrom([]string{"CN=Sales", "CN=Old"}).Draw(t, "value")
		o.AccountID = rapid.SampledFrom([]string{"CN=Ada", "cn=ada", "CN=Bob", ""}).Draw(t, "account")
		switch rapid.IntRange(0, 3).Draw(t, "source") {
		case 0:
			o.SourceID = ""
		case 1:
			o.SourceName = ""
		case 2:
			o.SourceID = "a" + o.SourceID[1:]
		}
		if rapid.Bool().Draw(t, "coarse") {
			o.AccountLevel, o.AttributeName, o.AttributeValue, o.Dialect = true, "", "", DialectEvent
			o.Operation = rapid.SampledFrom([]Operation{OperationModify, OperationCreate, OperationAdd}).Draw(t, "operation")
		}
		if rapid.IntRange(0, 4).Draw(t, "untimed") == 0 {
			o.OccurredAt = 0
		}
		o.ObservedAt = at*second + pcommon.Timestamp(i)
		o.ErrorMessage = fmt.Sprintf("e%d", i)
		out[i] = finish(o)
	}
	return out
}

// plain drops what only points at the observations' addresses.
func plain(activities []Activity) []string {
	out := make([]string, len(activities))
	for i, a := range activities {
		var steps strings.Builder
		for _, s := range a.History {
			fmt.Fprint(&steps, s.EventID, s.Previous, s.Status, s.Odd, s.ErrorMessage, " ")
		}
		a.History, a.known = nil, nil
		out[i] = fmt.Sprintf("%+v %s", a, steps.String())
	}
	return out
}

func TestResolveIsAFunctionOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := history(t)
		want := plain(Resolve(observations))

		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		again := append([]Observation{}, observations...)
		for range random.IntN(5) {
			copied := observations[random.IntN(len(observations))]
			copied.ObservedAt += pcommon.Timestamp(random.IntN(3)) * 100 * second
			again = append(again, copied)
		}
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		require.Equal(t, want, plain(Resolve(again)))
	})
}

func TestEveryObservationIsInSomeActivity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := history(t)
		missing := map[ID]bool{}
		for _, o := range observations {
			missing[o.EventID] = true
		}
		ids := map[ID]bool{}
		for _, a := range Resolve(observations) {
			require.False(t, ids[a.ID], "two activities with one id")
			ids[a.ID] = true
			require.Equal(t, len(a.History), a.StateSeq)
			for _, s := range a.History {
				delete(missing, s.EventID)
			}
		}
		require.Empty(t, missing)
	})
}

func TestGroupIsAsBadAsItsWorst(t *testing.T) {
	failed := with(observe(StatusFailed, 5), func(o *Observation) { o.AttributeValue = "CN=Other" })
	g := Summarize(Resolve([]Observation{observe(StatusSuccess, 9), failed}))
	require.Equal(t, StatusFailed, g.Status)
	require.EqualValues(t, 2, g.Activities)
	require.EqualValues(t, 1, g.Counts[StatusSuccess])
	require.Equal(t, []string{"Active Directory"}, g.Sources)
	require.InDelta(t, 4, g.LastAt.AsTime().Sub(g.FirstAt.AsTime()).Seconds(), 0)
	require.Equal(t, GroupNumber("acme", "g1"), g.Number)
	require.Less(t, g.Number, int64(1)<<53)
	require.Positive(t, g.Number)
}

func TestEventID(t *testing.T) {
	o := observe(StatusPending, 1)
	again := o
	again.ObservedAt++
	require.Equal(t, o.EventID, EventID(&again), "receipt is not part of what is said")
	again.SourceName = "renamed"
	require.Equal(t, o.EventID, EventID(&again), "a looked-up name is not part of what is said")
	again.RawStatus = "FAILED"
	require.NotEqual(t, o.EventID, EventID(&again))
}

// TestBothAreWhatEachIs: what is derived from the larger set is what resolving the smaller
// one gives. Half of the sets hold complete changes only, which take the shorter way.
func TestBothAreWhatEachIs(t *testing.T) {
	shorter := 0
	rapid.Check(t, func(t *rapid.T) {
		observations := history(t)
		if rapid.Bool().Draw(t, "complete") {
			observations = slices.DeleteFunc(observations, func(o Observation) bool {
				return precision(&o) != complete || o.SourceID == ""
			})
		}
		known := rapid.IntRange(0, len(observations)).Draw(t, "known")
		before, after := ResolveBoth(observations, known)
		require.Equal(t, plain(Resolve(observations)), plain(after))
		require.Equal(t, plain(Resolve(observations[:known])), plain(before))
		if _, short := resolve(observations); short && known > 0 && known < len(observations) {
			shorter++
		}
	})
	require.NotZero(t, shorter)
}
