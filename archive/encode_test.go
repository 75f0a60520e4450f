package archive

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning/record"
)

// TestRowGroupsPagesAndFullDictionaries writes so much that every limit is reached and
// reads it back with parquet-go, index and all.
func TestRowGroupsPagesAndFullDictionaries(t *testing.T) {
	n := 260_000
	if raceEnabled {
		n = 20_000
	}
	document := strings.Repeat("x", 400)
	row := func(i int) *record.Record {
		r := row(i)
		r.Original = fmt.Sprint(document, i/2)
		if i < 1000 {
			r.Original = fmt.Sprint(strings.Repeat(document, 100), i) // 40 MB at once: more than a dictionary takes
		}
		r.ErrorMessage = []string{"", "\xff broken", "broken", "é"}[i%4]
		if i%5 == 0 {
			r.CommittedAt = r.OccurredAt
		}
		return r
	}
	var b bytes.Buffer
	e := newEncoder(activities, &b, fastCodec)
	for from := 0; from < n; from += 1000 {
		var rows []*record.Record
		for i := from; i < from+1000; i++ {
			rows = append(rows, row(i))
		}
		require.NoError(t, e.write(rows))
	}
	require.NoError(t, e.close())

	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Greater(t, len(f.RowGroups()), n/50_000)
	require.Equal(t, int64(n), f.NumRows())
	r, err := newReader(activities, "x", &memory{bytes.NewReader(b.Bytes())}, nil)
	require.NoError(t, err)
	batch := make([]record.Record, 512)
	for at := 0; ; {
		got, err := r.Read(batch)
		for i := range batch[:got] {
			want := row(at)
			want.ErrorMessage = strings.ToValidUTF8(want.ErrorMessage, "\uFFFD")
			if *want != batch[i] {
				require.Equal(t, *want, batch[i])
			}
			at++
		}
		if err == io.EOF { //nolint:errorlint // documented to be it
			require.Equal(t, n, at)
			break
		}
		require.NoError(t, err)
	}
	require.NoError(t, r.Close())

	// The bounds of each page enclose its values.
	first := 0
	for g, group := range f.RowGroups() {
		for _, name := range []string{"event_id", "group_id", "occurred_at", "committed_at", "error_message", "current"} {
			leaf, _ := f.Schema().Lookup(name)
			c := group.ColumnChunks()[leaf.ColumnIndex]
			index, err := c.ColumnIndex()
			require.NoError(t, err)
			pages := c.Pages()
			for p := range index.NumPages() {
				page, err := pages.ReadPage()
				require.NoError(t, err)
				values := make([]parquet.Value, page.NumValues())
				_, err = page.Values().ReadValues(values)
				require.True(t, err == nil || err == io.EOF) //nolint:errorlint // documented to be it
				least, greatest := index.MinValue(p), index.MaxValue(p)
				var low, high parquet.Value
				nulls := int64(0)
				for i, v := range values {
					if v.IsNull() {
						nulls++
						continue
					}
					if low.IsNull() || leaf.Node.Type().Compare(v, low) < 0 {
						low = values[i].Clone()
					}
					if high.IsNull() || leaf.Node.Type().Compare(v, high) > 0 {
						high = values[i].Clone()
					}
				}
				require.Equal(t, low.String(), least.String(), "%s of group %d, page %d", name, g, p)
				require.Equal(t, high.String(), greatest.String(), "%s of group %d, page %d", name, g, p)
				require.Equal(t, nulls, index.NullCount(p))
				parquet.Release(page)
			}
			require.NoError(t, pages.Close())
		}
		leaf, _ := f.Schema().Lookup("event_id")
		filter := group.ColumnChunks()[leaf.ColumnIndex].BloomFilter()
		id := id(first + 77)
		first += int(group.NumRows())
		found, err := filter.Check(parquet.ByteArrayValue(appendID(nil, &id)))
		require.NoError(t, err)
		require.True(t, found)
	}
}

// TestAnEncoderServesManyFiles writes files one after another: nothing of one is in
// the next.
func TestAnEncoderServesManyFiles(t *testing.T) {
	write := func(from, to int) []byte {
		var b bytes.Buffer
		require.NoError(t, writeFile(activities, &b, records(from, to)))
		return b.Bytes()
	}
	small := write(5, 8)
	write(0, 3000)
	require.Equal(t, small, write(5, 8))
	require.Less(t, len(write(0, 0)), len(small))
}

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (*memory) Close() error       { return nil }
func (*memory) ModTime() time.Time { return time.Time{} }
