package provisioninglokiexporter

import (
	"context"
	"errors"
	"testing"

	"github.com/grafana/loki/pkg/push"
	"github.com/klauspost/compress/snappy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type pushFunc func(entries []push.Entry) error

func (f pushFunc) push(_ context.Context, body []byte) error {
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return err
	}
	var request push.PushRequest
	if err := request.Unmarshal(raw); err != nil {
		return err
	}
	var entries []push.Entry
	for _, s := range request.Streams {
		entries = append(entries, s.Entries...)
	}
	return f(entries)
}

// Whatever is refused and whenever Loki fails: every entry ends in exactly one of
// taken, refused and left; the refused ones are exactly bad ones; what counts as
// taken has been stored.
func TestEveryEntryEndsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		bad := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "bad")
		failAt := rapid.IntRange(0, 40).Draw(t, "failAt")
		limit := rapid.IntRange(1, 20_000).Draw(t, "limit")
		ld, ids := activities(n)
		isBad := map[string]bool{}
		for i, id := range ids {
			isBad[id] = bad[i]
		}
		stored := map[string]bool{}
		requests := 0
		d := deliver(context.Background(), pushFunc(func(entries []push.Entry) error {
			if requests++; requests == failAt {
				return errors.New("gone")
			}
			var why error
			for _, e := range entries {
				if id := metadataValue(e, "event_id"); isBad[id] {
					why = &refusal{code: 400, answer: "entry too far behind"}
				} else {
					stored[id] = true
				}
			}
			return why
		}), (&entryMaker{}).entries(ld), limit)

		ends := map[string]int{}
		for _, r := range d.refused {
			id := metadataValue(r.push, "event_id")
			ends[id]++
			require.True(t, isBad[id], "refused a good entry")
		}
		for _, e := range d.retryable {
			ends[metadataValue(e.push, "event_id")]++
		}
		require.Len(t, ends, len(d.refused)+len(d.retryable))
		for _, id := range ids {
			if ends[id] == 0 {
				require.True(t, stored[id], "neither stored nor refused nor left")
				d.accepted--
			}
		}
		require.Zero(t, d.accepted)
		require.Equal(t, d.err != nil, len(d.retryable) > 0)
		require.Equal(t, len(d.retryable), logsOf(d.retryable).LogRecordCount())
	})
}

func TestOneBadEntryCostsFewRequests(t *testing.T) {
	ld, ids := activities(1000)
	requests := 0
	d := deliver(t.Context(), pushFunc(func(entries []push.Entry) error {
		requests++
		for _, e := range entries {
			if metadataValue(e, "event_id") == ids[777] {
				return &refusal{code: 400}
			}
		}
		return nil
	}), (&entryMaker{}).entries(ld), 1<<20)
	require.Len(t, d.refused, 1)
	assert.Equal(t, 999, d.accepted)
	assert.LessOrEqual(t, requests, 21, "1 + 2 log2(1000)")
}

func TestChunksStayBelowTheLimit(t *testing.T) {
	ld, _ := activities(100)
	entries := (&entryMaker{}).entries(ld)
	limit := 5 * entries[0].size() / 2
	n := 0
	for _, c := range chunks(entries, limit) {
		size := 0
		for i := range c {
			size += c[i].size()
		}
		assert.LessOrEqual(t, size, limit)
		n += len(c)
	}
	assert.Equal(t, 100, n)
	assert.Len(t, chunks(entries, 1), 100, "an entry larger than the limit goes alone")
}
