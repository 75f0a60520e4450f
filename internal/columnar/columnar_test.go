package columnar

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// draw makes rows with a value in every field, so that a field that is not encoded or not
// decoded shows.
func draw[T any](t *rapid.T, s *record.Schema[T], n int) []T {
	rows := make([]T, n)
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "one", "another"}), rapid.String())
	for i := range rows {
		for c := range s.Fields {
			f, row := &s.Fields[c], &rows[i]
			switch f.Value {
			case record.ValueText:
				f.SetText(row, text.Draw(t, f.Column))
			case record.ValueTexts:
				if list := rapid.SliceOfN(text, 0, 3).Draw(t, f.Column); len(list) > 0 {
					*f.Texts(row) = list
				}
			case record.ValueID:
				copy(f.ID(row)[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, f.Column))
			case record.ValueStatus:
				f.SetNumber(row, int64(rapid.IntRange(0, 6).Draw(t, f.Column)))
			case record.ValueBool:
				f.SetNumber(row, int64(rapid.IntRange(0, 1).Draw(t, f.Column)))
			default:
				f.SetNumber(row, rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, math.MaxInt64, math.MinInt64})).Draw(t, f.Column))
			}
		}
	}
	return rows
}

type records struct {
	activities  []record.Record
	groups      []record.Group
	quarantined []record.Quarantined
	statements  []record.Reconciliation
}

func drawRecords(t *rapid.T) (r records) {
	n := rapid.IntRange(0, 4)
	return records{
		draw(t, record.Activities, n.Draw(t, "activities")),
		draw(t, record.Groups, n.Draw(t, "groups")),
		draw(t, record.Quarantine, n.Draw(t, "quarantined")),
		draw(t, record.Reconciliations, n.Draw(t, "statements")),
	}
}

func (r *records) batch() *Batch {
	b := NewBuilder(0)
	for i := range r.activities {
		b.Activity(&r.activities[i])
	}
	for i := range r.groups {
		b.Group(&r.groups[i])
	}
	for i := range r.quarantined {
		b.Quarantined(&r.quarantined[i])
	}
	for i := range r.statements {
		b.Reconciliation(&r.statements[i])
	}
	return b.Batch()
}

func recordsOf(b *Batch) records {
	return records{activities.all(b), groups.all(b), quarantine.all(b), reconciliations.all(b)}
}

// flat prints records, so that nil and empty lists are equal.
func flat(batches ...*Batch) (all [types][]string) {
	for _, b := range batches {
		r := recordsOf(b)
		for i, rows := range []any{r.activities, r.groups, r.quarantined, r.statements} {
			for v := reflect.ValueOf(rows); v.Len() > 0; v = v.Slice(1, v.Len()) {
				all[i] = append(all[i], fmt.Sprintf("%+v", v.Index(0)))
			}
		}
	}
	return all
}

func requireSame(t require.TestingT, want, got []*Batch) {
	require.Equal(t, flat(want...), flat(got...))
	size := func(batches []*Batch) (n int) {
		for _, b := range batches {
			n += b.Size()
		}
		return n
	}
	require.Equal(t, size(want), size(got))
}

func TestBatchReturnsItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecords(t)
		b := want.batch()
		require.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", recordsOf(b)))
		require.Equal(t, len(want.activities)+len(want.groups)+len(want.quarantined)+len(want.statements), b.Len())
	})
}

func TestDecodeReturnsTheEncodedBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecords(t)
		want := r.batch()
		got, err := Decode(want.Encode())
		require.NoError(t, err)
		requireSame(t, []*Batch{want}, []*Batch{got})
		require.Equal(t, want.Encode(), got.Encode(), "the encoding is kept")
		got.encoded = nil
		again, err := Decode(got.Encode())
		require.NoError(t, err)
		requireSame(t, []*Batch{want}, []*Batch{again})
	})
}

// TestSplitKeepsAllRecords: split anywhere and repeatedly, encoded or not, concatenated or not.
func TestSplitKeepsAllRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecords(t)
		whole := []*Batch{r.batch()}
		parts := whole
		for range rapid.IntRange(0, 3).Draw(t, "cuts") {
			n := rapid.IntRange(0, Len(whole)).Draw(t, "after")
			head, tail := Split(parts, n)
			require.Equal(t, n, Len(head))
			parts = slices.Concat(head, tail)
		}
		requireSame(t, whole, parts)
		for i, part := range parts {
			stored, err := Decode(part.Encode())
			require.NoError(t, err)
			requireSame(t, parts[i:i+1], []*Batch{stored})
		}
		requireSame(t, whole, []*Batch{Concat(parts)})
	})
}

func TestPrefixUnderIsTheLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecords(t)
		b := r.batch()
		limit := rapid.IntRange(0, 1000).Draw(t, "limit")
		n := b.PrefixUnder(limit)
		head, tail := b.Split(n)
		require.LessOrEqual(t, head.Size(), limit)
		if tail.Len() > 0 {
			one, _ := tail.Split(1)
			require.Greater(t, head.Size()+one.Size(), limit)
		}
	})
}

func TestDamagedBatchIsAnError(t *testing.T) {
	r := records{activities: []record.Record{{Version: 7}, {Version: 9}}}
	whole := r.batch().Encode()
	rapid.Check(t, func(t *rapid.T) {
		item := append([]byte(nil), whole...)
		if rapid.Bool().Draw(t, "cut") {
			item = item[:rapid.IntRange(0, len(item)-1).Draw(t, "length")]
		} else {
			item[rapid.IntRange(0, len(item)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		}
		_, err := Decode(item)
		require.Error(t, err)
	})
}

func TestUnknownColumnIsSkipped(t *testing.T) {
	f := func(change func(names []string), want provisioning.Observation) {
		t.Helper()
		known := columnNames[0]
		columnNames[0] = append([]string(nil), known...)
		change(columnNames[0])
		r := records{activities: []record.Record{{Observation: provisioning.Observation{Tenant: "acme", GroupID: "g", AccountID: "ada"}}}}
		item := r.batch().Encode()
		columnNames[0] = known
		b, err := Decode(item)
		require.NoError(t, err)
		require.Equal(t, want, recordsOf(b).activities[0].Observation)
	}
	f(func([]string) {}, provisioning.Observation{Tenant: "acme", GroupID: "g", AccountID: "ada"})
	f(func(names []string) { names[0] = "colour" }, provisioning.Observation{GroupID: "g", AccountID: "ada"})
	f(func(names []string) { names[0] = "version" }, provisioning.Observation{GroupID: "g", AccountID: "ada"})
}

// TestStatementsAreRead: a reconciliation is read as it was written, gets its id, and is
// quarantined where it names no hour.
func TestStatementsAreRead(t *testing.T) {
	want := record.Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedREST, Hour: 3600e9, ObservedAt: 7200e9, Verdict: record.VerdictShort,
		VendorCount: 2, Observed: 1, Missing: 1, MissingIDs: []string{"a"},
	}
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	record.WriteReconciliation(&want, to.AppendEmpty())
	to.At(0).Attributes().Remove(record.AttributePrefix + "event_id")
	record.WriteReconciliation(&record.Reconciliation{Feed: provisioning.FeedREST, ObservedAt: 1}, to.AppendEmpty())
	b, refused := Read(logs)
	require.Equal(t, 1, refused)
	got := recordsOf(b)
	require.Equal(t, []record.Reconciliation{want}, got.statements)
	require.Contains(t, got.quarantined[0].Reason, "needs attributes provisioning.hour")
	again, refused := Read(b.Logs())
	require.Zero(t, refused)
	requireSame(t, []*Batch{b}, []*Batch{again})
}

func TestUnreadableRecordIsQuarantined(t *testing.T) {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	record.WriteRecord(&record.Record{Observation: provisioning.Observation{EventID: provisioning.ID{1}, GroupID: "g", ObservedAt: 1}}, to.AppendEmpty())
	record.WriteRecord(&record.Record{Observation: provisioning.Observation{EventID: provisioning.ID{2}, Tenant: "acme", ObservedAt: 1}}, to.AppendEmpty())
	to.AppendEmpty().Body().SetStr("somebody else's")
	b, refused := Read(logs)
	require.Equal(t, 2, refused)
	got := recordsOf(b)
	require.Len(t, got.activities, 1)
	require.Len(t, got.quarantined, 2)
	require.Contains(t, got.quarantined[0].Reason, "group_id is missing")
	require.Equal(t, "acme", got.quarantined[0].Tenant)
	require.Contains(t, got.quarantined[1].Original, "somebody else's")
}

// TestGoldenItem: later versions of the program read the items in a queue.
// UPDATE_GOLDEN=1 writes the item.
func TestGoldenItem(t *testing.T) {
	want := records{
		[]record.Record{
			{
				Observation: provisioning.Observation{
					EventID: provisioning.ID{1}, Tenant: "acme", GroupID: "g1", Feed: provisioning.FeedREST, ReportedStatus: provisioning.StatusFailed,
					ErrorMessage: "no", OccurredAt: 5000, ObservedAt: 9000, Original: "{}",
				},
				RecordType: record.TypeObservation, Status: provisioning.StatusFailed, Version: 2, Current: true,
			},
			{Observation: provisioning.Observation{EventID: provisioning.ID{2}, Tenant: "acme", GroupID: "g1", Feed: provisioning.FeedFile, ObservedAt: 9000}},
		},
		[]record.Group{{Group: provisioning.Group{Tenant: "acme", ID: "g1", Sources: []string{"AD", "SAP"}, Activities: 2}, Version: 2}},
		[]record.Quarantined{{EventID: provisioning.ID{3}, Reason: "bad", Position: 7}},
		nil, // the item is older than this type
	}
	path := filepath.Join("testdata", "item.v1")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, want.batch().Encode(), 0o600))
	}
	item, err := os.ReadFile(path)
	require.NoError(t, err)
	got, err := Decode(item)
	require.NoError(t, err)
	requireSame(t, []*Batch{want.batch()}, []*Batch{got})
}

func FuzzDecode(f *testing.F) {
	r := records{[]record.Record{{Version: 7}}, []record.Group{{Group: provisioning.Group{Sources: []string{"AD"}}}}, nil, nil}
	f.Add(r.batch().Encode())
	f.Fuzz(func(t *testing.T, item []byte) {
		b, err := Decode(item)
		if err != nil {
			return
		}
		b.encoded = nil
		again, err := Decode(b.Encode())
		require.NoError(t, err)
		requireSame(t, []*Batch{b}, []*Batch{again})
	})
}

func TestDigestFollowsTheRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, other := drawRecords(t), drawRecords(t)
		a, again, b := one.batch(), one.batch(), other.batch()
		require.Equal(t, a.Digest(), again.Digest())
		stored, err := Decode(a.Encode())
		require.NoError(t, err)
		require.Equal(t, a.Digest(), stored.Digest())
		if fmt.Sprintf("%+v", one) != fmt.Sprintf("%+v", other) {
			require.NotEqual(t, a.Digest(), b.Digest())
		}
		n := rapid.IntRange(0, a.Len()).Draw(t, "after")
		head, tail := a.Split(n)
		sameHead, sameTail := again.Split(n)
		require.Equal(t, head.Digest(), sameHead.Digest())
		require.Equal(t, tail.Digest(), sameTail.Digest())
		if a.Len() > 0 {
			require.NotEqual(t, head.Digest(), tail.Digest())
		}
	})
}

// TestEditReplacesTextsAlone: the copy has the changed column, and the batch is as it was.
func TestEditReplacesTextsAlone(t *testing.T) {
	column := slices.IndexFunc(record.Fields, func(f record.Field) bool { return f.Column == "identity_name" })
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecords(t)
		b := want.batch()
		before := flat(b)
		e := b.Edit()
		e.Replace(func(b *Batch) *Rows { return &b.Activities }, column, func(_ int, text uint32) uint32 { return e.Text("(" + b.Text(text) + ")") })
		for i := range want.activities {
			if r := &want.activities[i]; r.IdentityName != "" {
				r.IdentityName = "(" + r.IdentityName + ")"
			}
		}
		edited := e.Batch()
		require.Equal(t, flat(want.batch()), flat(edited))
		require.Equal(t, before, flat(b))
		stored, err := Decode(edited.Encode())
		require.NoError(t, err)
		require.Equal(t, flat(edited), flat(stored))
	})
}
