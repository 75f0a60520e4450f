package exportqueue

import (
	"encoding/base64"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

// draw makes rows whose every column has been set by the test, so that a column that
// were forgotten in either direction would show.
func draw[T any](t *rapid.T, fields []field[T], n int) []*T {
	rows := make([]*T, n)
	for i := range rows {
		rows[i] = new(T)
		for _, f := range fields {
			switch p := f.of(rows[i]).(type) {
			case *bool:
				*p = rapid.Bool().Draw(t, f.name)
			case *provisioning.Status:
				*p = provisioning.Status(rapid.IntRange(0, 6).Draw(t, f.name))
			case *provisioning.ID:
				copy(p[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, f.name))
			case *[]string:
				*p = rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, f.name)
			case *pcommon.Timestamp:
				*p = pcommon.Timestamp(rapid.OneOf(rapid.Uint64(), rapid.Just(uint64(math.MaxUint64))).Draw(t, f.name))
			default:
				if kindOf(p) == kindNumber {
					setNumber(p, rapid.Int64().Draw(t, f.name))
				} else {
					provisioning.SetText(p, rapid.OneOf(rapid.SampledFrom([]string{"", "one", "another"}), rapid.String()).Draw(t, f.name))
				}
			}
		}
	}
	return rows
}

func drawBatch(t *rapid.T) provisioning.Batch {
	n := rapid.IntRange(0, 4)
	return provisioning.Batch{
		Records:     draw(t, recordFields, n.Draw(t, "records")),
		Groups:      draw(t, groupFields, n.Draw(t, "groups")),
		Quarantined: draw(t, quarantineFields, n.Draw(t, "quarantined")),
	}
}

func TestBatchSurvivesTheDisk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawBatch(t)
		got, err := decode(encode(&want))
		require.NoError(t, err)
		require.Equal(t, flat(&want), flat(&got))
	})
}

// flat compares rows by value, and nothing as nothing.
func flat(b *provisioning.Batch) []string {
	var all []string
	for _, r := range b.Records {
		all = append(all, fmt.Sprintf("%+v", *r))
	}
	for _, g := range b.Groups {
		all = append(all, fmt.Sprintf("%+v", *g))
	}
	for _, q := range b.Quarantined {
		all = append(all, fmt.Sprintf("%+v", *q))
	}
	return all
}

func TestDamagedItemIsQuarantinedAndNotDropped(t *testing.T) {
	whole := encode(&provisioning.Batch{Records: []*provisioning.Record{{Version: 7}, {Version: 9}}})
	rapid.Check(t, func(t *rapid.T) {
		item := append([]byte(nil), whole...)
		if rapid.Bool().Draw(t, "cut") {
			item = item[:rapid.IntRange(0, len(item)-1).Draw(t, "length")]
		} else {
			item[rapid.IntRange(0, len(item)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		}
		_, r, err := encoding{}.Unmarshal(item)
		require.NoError(t, err, "an error would have the queue drop the item")
		batch := r.(*request).batch
		require.Empty(t, batch.Records)
		require.Len(t, batch.Quarantined, 1)
		q := batch.Quarantined[0]
		require.Equal(t, base64.StdEncoding.EncodeToString(item), q.Original)
		require.NotZero(t, q.EventID)
		require.NotZero(t, q.ObservedAt)
	})
}

func TestColumnOfAnotherVersionIsPassedOver(t *testing.T) {
	newer := field[provisioning.Record]{"colour", func(r *provisioning.Record) any { return &r.AccountID }}
	known := recordFields
	t.Cleanup(func() { recordFields = known })
	recordFields = append([]field[provisioning.Record]{newer}, known[1:]...)
	item := encode(&provisioning.Batch{Records: []*provisioning.Record{{Observation: provisioning.Observation{Tenant: "acme", AccountID: "ada", GroupID: "g"}}}})
	recordFields = known
	got, err := decode(item)
	require.NoError(t, err)
	require.Equal(t, "ada", got.Records[0].AccountID)
	require.Equal(t, "g", got.Records[0].GroupID)
	require.Empty(t, got.Records[0].Tenant, "the writer did not have it")
}

func TestMergeSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawBatch(t), drawBatch(t)
		a.Quarantined = append(a.Quarantined, &provisioning.Quarantined{Reason: "there is always one"})
		var want []string
		want = append(append(want, flat(&a)...), flat(&b)...)
		by := rapid.SampledFrom([]exporterhelper.RequestSizerType{exporterhelper.RequestSizerTypeItems, exporterhelper.RequestSizerTypeBytes}).Draw(t, "by")
		limit := rapid.IntRange(0, 3).Draw(t, "limit")
		if by == exporterhelper.RequestSizerTypeBytes {
			limit *= 150
		}
		out, err := (&request{batch: a}).MergeSplit(t.Context(), limit, by, &request{batch: b})
		require.NoError(t, err)
		var got []string
		for _, r := range out {
			require.NotZero(t, r.ItemsCount())
			if size := map[bool]int{true: r.ItemsCount(), false: r.BytesSize()}[by == exporterhelper.RequestSizerTypeItems]; limit > 0 && r.ItemsCount() > 1 {
				require.LessOrEqual(t, size, limit)
			}
			got = append(got, flat(&r.(*request).batch)...)
		}
		require.ElementsMatch(t, want, got)
	})
}

func TestWhatCannotBeReadIsKept(t *testing.T) {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	provisioning.WriteRecord(&provisioning.Record{Observation: provisioning.Observation{EventID: provisioning.ID{1}, GroupID: "g", ObservedAt: 1}}, records.AppendEmpty())
	provisioning.WriteRecord(&provisioning.Record{Observation: provisioning.Observation{EventID: provisioning.ID{2}, Tenant: "acme", ObservedAt: 1}}, records.AppendEmpty())
	records.AppendEmpty().Body().SetStr("somebody else's")
	batch, refused := provisioning.ReadBatch(logs)
	require.Equal(t, 2, refused)
	require.Len(t, batch.Records, 1)
	require.Len(t, batch.Quarantined, 2)
	require.Contains(t, batch.Quarantined[0].Reason, "group_id is missing")
	require.Equal(t, "acme", batch.Quarantined[0].Tenant)
	require.Contains(t, batch.Quarantined[1].Original, "somebody else's")
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(&provisioning.Batch{Records: []*provisioning.Record{{Version: 7}}, Groups: []*provisioning.GroupRecord{{}}}))
	f.Fuzz(func(t *testing.T, item []byte) {
		_, r, err := encoding{}.Unmarshal(item)
		require.NoError(t, err)
		require.NotNil(t, r)
	})
}
