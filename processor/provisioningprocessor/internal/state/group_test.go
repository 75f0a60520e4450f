package state

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
)

func text(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom(words[:]),
		rapid.StringMatching(`[0-9a-f]{6,34}`),
		rapid.String(),
	).Draw(t, label)
}

func draw(t *rapid.T) Group {
	at := func(label string) pcommon.Timestamp {
		return pcommon.Timestamp(rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64()).Draw(t, label))
	}
	g := Group{
		Revisions: rapid.IntRange(0, 1000).Draw(t, "revisions"), Checked: at("checked"), Touched: at("touched"),
		Timer: rapid.Int64().Draw(t, "timer"), EmittedEpoch: rapid.Uint32().Draw(t, "epoch"),
	}
	if rapid.Bool().Draw(t, "history") {
		g.Version = rapid.Uint64().Draw(t, "version")
	}
	for range rapid.IntRange(0, 2).Draw(t, "names") {
		g.Names = append(g.Names, SourceName{ID: text(t, "source"), Name: text(t, "name")})
	}
	tenant, id := text(t, "tenant"), text(t, "group")
	for range rapid.IntRange(0, 12).Draw(t, "observations") {
		o := provisioning.Observation{Tenant: tenant, GroupID: id}
		copy(o.EventID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "event id"))
		var values [textCount]string
		for i := range values {
			values[i] = text(t, "text")
		}
		setTexts(&o, &values)
		o.ReportedStatus = provisioning.Status(rapid.IntRange(0, 6).Draw(t, "status"))
		o.AccountLevel = rapid.Bool().Draw(t, "account level")
		o.RequestedAt, o.OccurredAt, o.ObservedAt = at("requested"), at("occurred"), at("observed")
		g.Observations = append(g.Observations, o)
	}
	g.FromHistory = rapid.IntRange(0, len(g.Observations)).Draw(t, "from history")
	return g
}

func TestGroupSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := draw(t)
		got, err := Decode(want.Encode(), 0)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func TestCutStateIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := draw(t)
		b := g.Encode()
		_, err := Decode(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")], 0)
		require.ErrorIs(t, err, ErrCorrupt)
		_, err = Decode(append(b, 0), 0)
		require.ErrorIs(t, err, ErrCorrupt)
	})
}

func TestNewerVersionIsAnError(t *testing.T) {
	_, err := Decode(envelope.Seal(version+1, []byte{0, 0, 0, 0, 0, 0}), 0)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "unknown version 2")
}

// The bytes of stored groups must stay readable: these were written by version 1.
func TestGoldenGroup(t *testing.T) {
	want := Group{
		Revisions: 1, Checked: 2, Touched: 3, Timer: 4, EmittedEpoch: 7, Version: 9,
		Names: []SourceName{{ID: "00ff00ff", Name: "no"}},
		Observations: []provisioning.Observation{
			{
				EventID: provisioning.ID{1}, Tenant: "acme", GroupID: "00ff00ff", Feed: provisioning.FeedREST,
				Operation: provisioning.OperationAdd, ReportedStatus: provisioning.StatusPending, OccurredAt: 5, ObservedAt: 9,
			},
			{
				EventID: provisioning.ID{2}, Tenant: "acme", GroupID: "00ff00ff", Feed: provisioning.FeedFile,
				Operation: provisioning.OperationAdd, ReportedStatus: provisioning.StatusFailed, AccountLevel: true, ErrorMessage: "no", OccurredAt: 6, ObservedAt: 8,
			},
		},
	}
	golden := "\x01\x02\x03\x08\x07\x09\x00" + "\x03\x09\x00\xff\x00\xff\x04no\x08acme" +
		"\x01\x80\x01\x81\x01" + "\x02\x82\x01\x80\x01" +
		"\x01" + zeros(15) + "\x01" + "\x81\x04\x01\x08" + "\x00\x0a\x12\x00\x00" +
		"\x02" + zeros(15) + "\x0c" + "\x81\x80\x10\x05\x81\x01" + "\x00\x02\x01\x00\x00"
	require.Equal(t, envelope.Seal(1, []byte(golden)), want.Encode())
	got, err := Decode(want.Encode(), 0)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func zeros(n int) string { return string(make([]byte, n)) }

func FuzzDecode(f *testing.F) {
	g := Group{Revisions: 1, Observations: []provisioning.Observation{{Tenant: "acme", GroupID: "0123456789abcdef", ErrorMessage: "no"}, {}}}
	f.Add(g.Encode()[envelope.Size:])
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Decode(envelope.Seal(version, b), 0)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		again, err := Decode(g.Encode(), 0)
		require.NoError(t, err)
		require.Equal(t, g, again)
	})
}

func TestMergeKeepsTheEarlierReceiptAndTheFullerText(t *testing.T) {
	observe := func(id byte, at pcommon.Timestamp, text string) provisioning.Observation {
		return provisioning.Observation{EventID: provisioning.ID{id}, ObservedAt: at, ErrorMessage: text, Original: "{" + text + "}"}
	}
	var empty Group
	first := empty.Merge(Pointers([]provisioning.Observation{observe(1, 10, ""), observe(2, 10, ""), observe(1, 9, "no")}))
	require.Equal(t, []int{2, 1}, first.Added, "the longer document's record is sent on")
	require.Equal(t, []int{0}, first.Duplicates)
	require.False(t, first.Moved)
	require.Empty(t, first.Fuller)
	require.Equal(t, 2, first.Revision())
	require.Equal(t, provisioning.Observation{EventID: provisioning.ID{1}, ObservedAt: 9, ErrorMessage: "no"}, first.Observations[0])
	require.Empty(t, empty.Observations)

	same := first.Group.Merge(Pointers([]provisioning.Observation{observe(1, 9, "no"), observe(2, 11, ""), observe(1, 12, "")}))
	require.False(t, same.Changed())
	require.Len(t, same.Duplicates, 3)

	earlier := first.Group.Merge(Pointers([]provisioning.Observation{observe(2, 3, "")}))
	require.True(t, earlier.Moved)
	require.Empty(t, earlier.Fuller)
	require.Equal(t, 3, earlier.Revision())
	require.EqualValues(t, 3, earlier.Observations[1].ObservedAt)
	require.EqualValues(t, 10, first.Observations[1].ObservedAt, "the state before is left alone")

	fuller := first.Group.Merge(Pointers([]provisioning.Observation{observe(3, 1, ""), observe(2, 20, "a"), observe(2, 20, "ab")}))
	require.True(t, fuller.Moved)
	require.Equal(t, []Copy{{Arrival: 2, At: 1}}, fuller.Fuller)
	require.Equal(t, "ab", fuller.Observations[1].ErrorMessage)
	require.EqualValues(t, 10, fuller.Observations[1].ObservedAt)
	require.Empty(t, fuller.Observations[1].Original)
}

func TestMergeOfManyIsThatOfFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		arrivals := make([]provisioning.Observation, rapid.IntRange(0, 200).Draw(t, "n"))
		for i := range arrivals {
			arrivals[i].EventID = provisioning.ID{rapid.Byte().Draw(t, "id")}
			arrivals[i].ObservedAt = pcommon.Timestamp(rapid.Uint64Range(1, 9).Draw(t, "at"))
		}
		var one, all Group
		for i := range arrivals {
			one = one.Merge(Pointers(arrivals[i : i+1])).Group
		}
		all = all.Merge(Pointers(arrivals)).Group
		require.Len(t, all.Observations, len(one.Observations))
		for i := range one.Observations {
			require.Equal(t, one.Observations[i], all.Observations[i])
		}
	})
}
