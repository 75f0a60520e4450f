package reconcile

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning/record"
)

const base = Hour(490_000)

var classes = []Class{
	Ignored(sailpoint.ReasonNoChange), Ignored("of a later version"), Quarantined(), Observed(true), Observed(false), Observation(),
}

// TestDeliveredIsASet: whatever documents come in whatever order, batches and repetitions,
// over failures of the storage, restarts and with little memory, what is remembered of an
// hour is the set of what was added without an error, each document with its highest class.
func TestDeliveredIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, m := context.Background(), newMemory()
		d := open(t, m)
		require.NoError(t, d.Begin(ctx, "a", base.Start()))
		d.max = rapid.IntRange(1, 50).Draw(t, "documents in memory")
		want := map[Hour]map[uint64]Class{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0:
				limit := d.max
				m = m.clone() // kill
				d = open(t, m)
				d.max = limit
			default:
				m.fails = rapid.IntRange(0, 4).Draw(t, "fails") == 0
				var documents []Document
				for range rapid.IntRange(0, 600).Draw(t, "documents") {
					documents = append(documents, Document{
						Hour:  base + Hour(rapid.IntRange(-1, 3).Draw(t, "hour")),
						Hash:  rapid.Uint64Range(0, 1500).Draw(t, "hash"),
						Class: rapid.SampledFrom(classes).Draw(t, "class"),
					})
				}
				err := d.Add(ctx, documents)
				m.fails = false
				if err != nil {
					require.ErrorIs(t, err, errStorage)
					continue
				}
				for _, x := range documents {
					if x.Hour < base {
						continue
					}
					if want[x.Hour] == nil {
						want[x.Hour] = map[uint64]Class{}
					}
					want[x.Hour][x.Hash] = max(want[x.Hour][x.Hash], x.Class)
				}
			}
			for h := base - 1; h < base+4; h++ {
				var expected Summary
				for hash, class := range want[h] {
					expected.add(hash, class, false, 0)
				}
				got, err := d.Summary(ctx, h)
				require.NoError(t, err)
				require.Equal(t, expected, got, "hour %d", h-base)
			}
			require.True(t, d.count <= d.max || d.sets.Len() <= 1, "%d in memory, at most %d", d.count, d.max)
		}
	})
}

func TestSummary(t *testing.T) {
	d := open(t, newMemory())
	require.NoError(t, d.Add(t.Context(), []Document{
		{base, 1, Observed(true)},
		{base, 2, Observed(true)},
		{base, 3, Observed(false)},
		{base, 4, Observation()},
		{base, 5, Quarantined()},
		{base, 6, Ignored(sailpoint.ReasonNoChange)},
		{base, 7, Ignored(sailpoint.ReasonNoChange)},
		{base, 8, Ignored("of a later version")},
		{base, 6, Ignored(sailpoint.ReasonNoChange)},
		{base, 9, Quarantined()},
		{base, 9, Observed(true)},
		{base, 9, Ignored("")},
	}))
	s := summary(t, d, base)
	require.EqualValues(t, 4, s.Observed())
	require.EqualValues(t, 1, s.Quarantined())
	require.EqualValues(t, 3, s.Ignored())
	require.EqualValues(t, 8, s.Total())
	require.JSONEq(t, `{"no change of access":2,"other":1}`, s.IgnoredReasons())
	require.Equal(t, record.DocumentsDigest(1^2^4^9), s.Digest)
	lacks, err := d.Lacks(t.Context(), base, []uint64{1, 10, 5})
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false}, lacks)
}

// TestWritesCostWhatChanged: adding what is known writes nothing, and a page of documents
// writes a chunk or two and not the whole hour.
func TestWritesCostWhatChanged(t *testing.T) {
	m := newMemory()
	d := open(t, m)
	page := func(n int) (documents []Document) {
		for i := range 250 {
			documents = append(documents, Document{base, uint64(n*250 + i), Observed(true)})
		}
		return documents
	}
	for n := range 100 {
		before := m.batches
		require.NoError(t, d.Add(t.Context(), page(n)))
		require.Equal(t, before+1, m.batches, "one write")
	}
	require.Less(t, m.written, 100*2*(maxEntries+100))
	before := m.batches
	require.NoError(t, d.Add(t.Context(), page(50)))
	require.Equal(t, before, m.batches)
	s := summary(t, open(t, m.clone()), base)
	require.EqualValues(t, 25_000, s.Observed())
}

// TestDamage: what is damaged is forgotten and nothing else is, and is added once more.
func TestDamage(t *testing.T) {
	m := newMemory()
	d := open(t, m)
	require.NoError(t, d.Begin(t.Context(), "a", base.Start()))
	var documents []Document
	for i := range 1000 {
		documents = append(documents, Document{base, uint64(i), Observed(true)})
	}
	require.NoError(t, d.Add(t.Context(), documents))
	require.NoError(t, d.done(t.Context(), base, state{Passes: 3}))
	m.values[chunkKey(base, 1)][20] ^= 1
	m.values[stateKey(base)] = []byte("x")
	d = open(t, m)
	require.Empty(t, d.states)
	s := summary(t, d, base)
	require.EqualValues(t, 1000-448, s.Observed())
	require.NoError(t, d.Add(t.Context(), documents))
	s = summary(t, d, base)
	require.EqualValues(t, 1000, s.Observed())
	s = summary(t, open(t, m), base)
	require.EqualValues(t, 1000, s.Observed())
}

// TestBeginHolds: the hours are those after the latest begin of the readers of a first process.
func TestBeginHolds(t *testing.T) {
	m := newMemory()
	d := open(t, m)
	require.NoError(t, d.Begin(t.Context(), "a", (base+5).Start()))
	require.NoError(t, d.Begin(t.Context(), "b", base.Start().Add(time.Minute)))
	require.Equal(t, base+5, d.first)
	require.NoError(t, d.Begin(t.Context(), "a", base.Start()))
	require.Equal(t, base+1, d.first)
	d = open(t, m)
	require.NoError(t, d.Begin(t.Context(), "a", (base+9).Start()))
	require.Equal(t, base+1, d.first)
}

// TestExpire: of hours that the vendor no longer keeps nothing stays in the storage.
func TestExpire(t *testing.T) {
	m := newMemory()
	d := open(t, m)
	require.NoError(t, d.Begin(t.Context(), "a", base.Start()))
	for h := base; h < base+3; h++ {
		var documents []Document
		for i := range 1000 {
			documents = append(documents, Document{h, uint64(i), Observed(true)})
		}
		require.NoError(t, d.Add(t.Context(), documents))
		require.NoError(t, d.done(t.Context(), h, state{Passes: 1}))
	}
	require.NoError(t, d.expire(t.Context(), (base+2).Start().Add(time.Minute)))
	require.Len(t, m.values, 5, "first, and of the last hour its state and three chunks")
	require.NoError(t, d.Add(t.Context(), []Document{{base, 5000, Observed(true)}}))
	require.Len(t, m.values, 5, "a document of an hour that is over adds nothing")
	require.Equal(t, base+2, open(t, m).first)
}

// TestMemoryIsBounded: of twenty times the documents that may be in memory, which is what
// ten million are to maxDocuments, the memory holds no more, at some 45 bytes each.
func TestMemoryIsBounded(t *testing.T) {
	d := open(t, newMemory())
	d.max = 10_000
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	stored := func() (n int64) {
		for _, value := range d.client.(*memory).values {
			n += int64(len(value))
		}
		return n
	}
	before := heap()
	for h := range Hour(200) {
		documents := make([]Document, 0, 1000)
		for i := range 1000 {
			documents = append(documents, Document{base + h, record.DocumentHash(fmt.Sprint(h, i)), Observed(true)})
		}
		require.NoError(t, d.Add(t.Context(), documents))
	}
	require.LessOrEqual(t, d.count, d.max)
	used := heap() - before - stored()
	t.Logf("%d bytes for %d documents in memory", used, d.count)
	require.Less(t, used, int64(d.max*60))
	runtime.KeepAlive(d)
}
