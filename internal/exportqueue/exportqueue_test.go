package exportqueue

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// someBatch has n records with versions from first on and texts of several lengths.
func someBatch(first, n int) *columnar.Batch {
	b := columnar.NewBuilder(n)
	for i := range n {
		r := record.Record{Version: uint64(first + i)}
		r.EventID[0], r.GroupID, r.ObservedAt = 1, "g", 1
		r.ErrorMessage = fmt.Sprintf("%*d", 1+(first+i)*7%200, i)
		b.Activity(&r)
	}
	b.Quarantined(&record.Quarantined{Position: int64(first), Reason: "bad"})
	return b.Batch()
}

// numbers are the versions of the activity records and the negated positions of the quarantine records.
func numbers(batches ...*columnar.Batch) (all []int64) {
	for _, b := range batches {
		records, quarantined := make([]record.Record, b.Activities.Len()), make([]record.Quarantined, b.Quarantined.Len())
		b.Records(records)
		b.Quarantine(quarantined)
		for i := range records {
			all = append(all, int64(records[i].Version))
		}
		for i := range quarantined {
			all = append(all, -quarantined[i].Position)
		}
	}
	return all
}

func TestMergeSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6)
		a, b := newRequest(someBatch(1, n.Draw(t, "a"))), newRequest(someBatch(100, n.Draw(t, "b")))
		a.add(someBatch(50, n.Draw(t, "more")))
		want := numbers(slices.Concat(a.batches, b.batches)...)
		by := rapid.SampledFrom([]exporterhelper.RequestSizerType{exporterhelper.RequestSizerTypeItems, exporterhelper.RequestSizerTypeBytes, exporterhelper.RequestSizerTypeRequests}).Draw(t, "by")
		limit := rapid.IntRange(0, 7).Draw(t, "limit")
		if by == exporterhelper.RequestSizerTypeBytes {
			limit *= 150
		}
		out, err := a.MergeSplit(t.Context(), limit, by, b)
		require.NoError(t, err)
		var got []int64
		for _, r := range out {
			require.NotZero(t, r.ItemsCount())
			request := r.(*request)
			bytes := 0
			for _, b := range request.batches {
				bytes += b.Size()
			}
			require.Equal(t, bytes, r.BytesSize())
			require.Equal(t, columnar.Len(request.batches), r.ItemsCount())
			if limit > 0 && r.ItemsCount() > 1 {
				switch by {
				case exporterhelper.RequestSizerTypeItems:
					require.LessOrEqual(t, r.ItemsCount(), limit)
				case exporterhelper.RequestSizerTypeBytes:
					require.LessOrEqual(t, r.BytesSize(), limit)
				}
			}
			got = append(got, numbers(request.batches...)...)
		}
		require.Equal(t, want, got)
	})
}

func TestDamagedItemIsQuarantinedAndNotDropped(t *testing.T) {
	whole := someBatch(1, 2).Encode()
	rapid.Check(t, func(t *rapid.T) {
		item := append([]byte(nil), whole...)
		item[rapid.IntRange(0, len(item)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		_, r, err := new(encoding).Unmarshal(item)
		require.NoError(t, err, "an error would have the queue drop the item")
		batch := columnar.Concat(r.(*request).batches)
		require.Zero(t, batch.Activities.Len())
		quarantined := make([]record.Quarantined, batch.Quarantined.Len())
		batch.Quarantine(quarantined)
		require.Len(t, quarantined, 1)
		require.Equal(t, base64.StdEncoding.EncodeToString(item), quarantined[0].Original)
		require.NotZero(t, quarantined[0].EventID)
		require.NotZero(t, quarantined[0].ObservedAt)
	})
}

// TestRecentItemsAreNotDecoded: the first batches written come back as they are, in any
// order; the others, and those of another process, are decoded to the same records.
func TestRecentItemsAreNotDecoded(t *testing.T) {
	e := new(encoding)
	var items [][]byte
	var written []*columnar.Batch
	for i := range maxRecent + 2 {
		written = append(written, someBatch(i*10, 3))
		item, err := e.Marshal(t.Context(), newRequest(written[i]))
		require.NoError(t, err)
		items = append(items, append([]byte(nil), item...)) // as the disk gives them back
	}
	for i, item := range slices.Backward(items) {
		for again := range 2 {
			_, r, err := e.Unmarshal(item)
			require.NoError(t, err)
			got := r.(*request).batches
			require.Equal(t, numbers(written[i]), numbers(got...))
			require.Equal(t, i < maxRecent && again == 0, got[0] == written[i])
		}
	}
	_, r, err := new(encoding).Unmarshal(items[0])
	require.NoError(t, err)
	require.Equal(t, numbers(written[0]), numbers(r.(*request).batches...))
}

func TestConverterReadsSharedLogsOnce(t *testing.T) {
	var c converter
	logs := func(n int) plog.Logs {
		logs := someBatch(n, n).Logs()
		logs.MarkReadOnly()
		return logs
	}
	one, two := logs(1), logs(2)
	first, refused := c.convert(one)
	require.Zero(t, refused)
	second, _ := c.convert(one)
	require.Same(t, first, second)
	third, _ := c.convert(one)
	require.NotSame(t, first, third, "it is kept for two only")
	require.Equal(t, numbers(first), numbers(third))
	other, _ := c.convert(two)
	require.Equal(t, numbers(someBatch(2, 2)), numbers(other))

	mine := someBatch(3, 3).Logs()
	before, _ := c.convert(mine)
	mine.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { return true })
	after, _ := c.convert(mine)
	require.NotZero(t, before.Len())
	require.Zero(t, after.Len(), "logs that may change are read each time")
}
