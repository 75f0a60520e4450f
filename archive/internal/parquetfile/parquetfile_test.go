package parquetfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestRowGroupsPagesAndFullDictionaries writes so much that every limit is reached and
// reads it back with parquet-go, index and all.
func TestRowGroupsPagesAndFullDictionaries(t *testing.T) {
	n := 260_000
	if archivetest.Race {
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
	e := NewWriter(Activities, &b)
	for from := 0; from < n; from += 1000 {
		var rows []*record.Record
		for i := from; i < from+1000; i++ {
			rows = append(rows, row(i))
		}
		require.NoError(t, e.WriteRows(rows))
	}
	require.NoError(t, e.Close())

	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Greater(t, len(f.RowGroups()), 2)
	require.Equal(t, int64(n), f.NumRows())
	r, err := NewReader(Activities, "x", memory{bytes.NewReader(b.Bytes())}, nil)
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
		found, err := filter.Check(parquet.ByteArrayValue([]byte(id.String())))
		require.NoError(t, err)
		require.True(t, found)
	}
}

// TestTheSameRowsMakeTheSameFile, whatever was written in between.
func TestTheSameRowsMakeTheSameFile(t *testing.T) {
	write := func(from, to int) []byte {
		var b bytes.Buffer
		w := NewWriter(Activities, &b)
		require.NoError(t, w.WriteRows(records(from, to)))
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	small := write(5, 8)
	write(0, 3000)
	require.Equal(t, small, write(5, 8))
	require.Less(t, len(write(0, 0)), len(small))
}

// TestColumnsAndRowsMakeTheSameFile, whatever the values.
func TestColumnsAndRowsMakeTheSameFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []*record.Record
		first, second := columnar.NewBuilder(1), columnar.NewBuilder(1)
		for i := range rapid.IntRange(0, 20).Draw(t, "rows") {
			r := &record.Record{Observation: provisioning.Observation{Tenant: "acme", GroupID: "\xff"}}
			if rapid.Bool().Draw(t, "full") {
				fill(t, r)
			}
			r.EventID = id(i)
			rows = append(rows, r)
			to := first
			if i%3 == 0 {
				to = second
			}
			to.Activity(r)
		}
		slices.SortFunc(rows, compareRows)
		source := NewSource([]*columnar.Batch{first.Batch(), second.Batch()})
		refs := SortAndDedup(Activities.Refs(source))
		require.Len(t, refs, len(rows))
		var byRow, byColumn bytes.Buffer
		w := NewWriter(Activities, &byRow)
		require.NoError(t, w.WriteRows(rows))
		require.NoError(t, w.Close())
		w = NewWriter(Activities, &byColumn)
		require.NoError(t, w.WriteColumns(source, refs))
		require.NoError(t, w.Close())
		require.Equal(t, byRow.Bytes(), byColumn.Bytes())
	})
}

func compareRows(a, b *record.Record) int {
	x, y := Activities.Key(a), Activities.Key(b)
	return x.Compare(&y)
}

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error  { return nil }
func (memory) ReadSize() int { return 4096 }

func TestRowsSurviveTheFile(t *testing.T) {
	anything := rapid.Custom(func(t *rapid.T) (r record.Record) {
		fill(t, &r)
		return r
	})
	want := make([]*record.Record, 200)
	for i := range want {
		r := anything.Example(i)
		r.EventID = id(i)
		want[i] = &r
	}
	slices.SortFunc(want, compareRows)
	path := filepath.Join(t.TempDir(), "x.parquet")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, errors.Join(writeTo(f, want), f.Close()))
	r, err := OpenReader(Activities, path)
	require.NoError(t, err)
	got := archivetest.Drain(t, r)
	require.NoError(t, r.Close())
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, *want[i], got[i])
	}
}

// fill sets every field to a value that the archive keeps.
func fill(t *rapid.T, r *record.Record) {
	for i := range record.Fields {
		label := record.Fields[i].Column
		switch p := record.Fields[i].Pointer(r).(type) {
		case *string:
			*p = rapid.StringN(0, 20, -1).Draw(t, label)
		case *provisioning.Approval:
			*p = provisioning.Approval(rapid.StringN(0, 20, -1).Draw(t, label))
		case *provisioning.Outcome:
			*p = provisioning.Outcome(rapid.SampledFrom([]string{"", "fault", "declined"}).Draw(t, label))
		case *provisioning.Status:
			*p = rapid.SampledFrom(provisioning.Statuses[:]).Draw(t, label)
		case *provisioning.ID:
			*p = id(rapid.IntRange(0, 1<<40).Draw(t, label))
		case *bool:
			*p = rapid.Bool().Draw(t, label)
		case *int64:
			*p = rapid.Int64().Draw(t, label)
		case *uint64:
			*p = rapid.Uint64Range(0, 1<<63-1).Draw(t, label)
		case *pcommon.Timestamp:
			*p = pcommon.Timestamp(rapid.Uint64Range(0, uint64(record.MaxTime)/1000).Draw(t, label) * 1000)
		case *record.Type:
			*p = rapid.SampledFrom([]record.Type{"", record.TypeObservation, record.TypeState}).Draw(t, label)
		}
	}
}

func TestARecordSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r, got record.Record
		fill(t, &r)
		line := AppendJSON(nil, &r)
		require.True(t, json.Valid(line), string(line))
		require.NoError(t, ParseJSON(line, &got))
		require.Equal(t, leaf(&r), leaf(&got))
		require.Equal(t, string(line), string(AppendJSON(nil, &got)))
	})
}

// TestEachFieldIsInTheLeaf changes one value after another.
func TestEachFieldIsInTheLeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r, other record.Record
		fill(t, &r)
		fill(t, &other)
		was, text := leaf(&r), string(AppendJSON(nil, &r))
		for i := range record.Fields {
			f := &record.Fields[i]
			changed := r
			one := Activities.column(f.Column)
			var scratch []byte
			v := one.value(&other, &scratch)
			if f.Column == "occurred_at" {
				changed.OccurredAt = other.OccurredAt
			} else {
				require.NoError(t, one.set(&changed, v.Clone()))
			}
			same := string(AppendJSON(nil, &changed)) == text
			if same != (leaf(&changed) == was) {
				t.Fatalf("column %s is not in the leaf", f.Column)
			}
		}
	})
}

// FuzzOpenRecords: a file that is no Parquet, or a damaged one, is an error that names
// it, and never ends the program.
func FuzzOpenRecords(f *testing.F) {
	var b bytes.Buffer
	w := NewWriter(Quarantine, &b)
	require.NoError(f, w.WriteRows([]*record.Quarantined{{Tenant: "acme", Original: "{"}}))
	require.NoError(f, w.Close())
	good := b.Bytes()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(t.TempDir(), "x.parquet")
		require.NoError(t, os.WriteFile(name, text, 0o600))
		r, err := OpenReader(Quarantine, name)
		if err != nil {
			require.ErrorContains(t, err, name)
			return
		}
		rows := make([]record.Quarantined, 16)
		for range 64 {
			if n, err := r.Read(rows); err != nil || n == 0 {
				break
			}
		}
		require.NoError(t, r.Close())
	})
}

var update = flag.Bool("update", false, "write the golden files")

// TestSchemaIsGolden fails when a column changes: then SchemaVersion must grow.
func TestSchemaIsGolden(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(Activities, &file)
	require.NoError(t, w.WriteRows(records(0, 1)))
	require.NoError(t, w.Close())
	p, err := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	require.NoError(t, err)
	var b strings.Builder
	table, _ := p.Lookup(MetaTable)
	version, _ := p.Lookup(MetaVersion)
	fmt.Fprintf(&b, "%s version %s, sorted by", table, version)
	for _, s := range p.RowGroups()[0].SortingColumns() {
		fmt.Fprintf(&b, " %s", strings.Join(s.Path(), "."))
	}
	b.WriteString("\n")
	for i, field := range p.Schema().Fields() {
		chunk := p.RowGroups()[0].ColumnChunks()[i]
		meta := p.Metadata().RowGroups[0].Columns[i].MetaData
		optional := ""
		if field.Optional() {
			optional = " null"
		}
		bloom := ""
		if chunk.BloomFilter() != nil {
			bloom = " bloom"
		}
		index, err := chunk.ColumnIndex()
		require.NoError(t, err)
		require.NotNil(t, index, "page index of %s", field.Name())
		fmt.Fprintf(&b, "%s %s%s %s %s%s\n", field.Name(), field.Type(), optional, meta.Codec, meta.Encoding, bloom)
	}
	golden := filepath.Join("testdata", "schema.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
