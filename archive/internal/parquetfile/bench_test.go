package parquetfile

import (
	"io"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// BenchmarkWrite measures the whole of writing a file (sort, encode, compress, bloom
// filters) from batches of columns with simulated documents, by column and through
// parquet-go's rows, in processor time.
func BenchmarkWrite(b *testing.B) {
	all, err := archivetest.Simulated(b.Context(), b.TempDir(), 2, noon)
	require.NoError(b, err)
	for _, size := range []int{100, 10_000, len(all)} {
		batches := batchesOf(all, size)
		for level, codec := range map[string]compress.Codec{"fastest": fastCodec, "default": sealedCodec} {
			run := func(name string, write func(io.Writer, []*columnar.Batch) error) {
				b.Run(level+"/"+strconv.Itoa(size)+"/"+name, func(b *testing.B) {
					b.ReportAllocs()
					var bytes countedBytes
					start, rows, i := processorTime(), 0, 0
					for b.Loop() {
						batch := batches[i%len(batches)]
						i++
						if err := write(&bytes, []*columnar.Batch{batch}); err != nil {
							b.Fatal(err)
						}
						rows += batch.Activities.Len()
					}
					b.ReportMetric(float64(rows)/(processorTime()-start).Seconds(), "rows/cpu-s")
					b.ReportMetric(float64(bytes)/float64(rows), "B/row")
				})
			}
			run("columns", func(to io.Writer, batches []*columnar.Batch) error {
				source := NewSource(batches)
				w := newWriter(Activities, to, codec, true)
				if codec == fastCodec {
					w = NewWriter(Activities, to)
				}
				if err := w.WriteColumns(source, SortAndDedup(Activities.Refs(source))); err != nil {
					return err
				}
				return w.Close()
			})
			run("rows", func(to io.Writer, batches []*columnar.Batch) error {
				return writeLibraryRows(to, codec, batches)
			})
		}
	}
}

func batchesOf(all []*record.Record, size int) (batches []*columnar.Batch) {
	for from := 0; from+size <= len(all) && len(batches) < 20; from += size {
		to := columnar.NewBuilder(size)
		for _, r := range all[from : from+size] {
			to.Activity(r)
		}
		batches = append(batches, to.Batch())
	}
	return batches
}

// writeLibraryRows writes with parquet.GenericWriter.WriteRows.
func writeLibraryRows(to io.Writer, codec compress.Codec, batches []*columnar.Batch) error {
	source := NewSource(batches)
	refs := SortAndDedup(Activities.Refs(source))
	w := parquet.NewGenericWriter[any](to, Activities.config(codec, true))
	var scratch []byte
	rows := make([]parquet.Row, 0, sliceRows)
	for i := range refs {
		row := make(parquet.Row, len(Activities.columns))
		for j := range Activities.columns {
			c := &Activities.columns[j]
			v := appendCells(nil, Activities, c, source, refs[i:i+1], &scratch)[0]
			defined := 0
			if c.optional && !v.IsNull() {
				defined = 1
			}
			row[j] = v.Level(0, defined, j)
		}
		if rows = append(rows, row); len(rows) < sliceRows && i+1 < len(refs) {
			continue
		}
		if _, err := w.WriteRows(rows); err != nil {
			return err
		}
		rows, scratch = rows[:0], nil
	}
	return w.Close()
}

type countedBytes int64

func (c *countedBytes) Write(p []byte) (int, error) { *c += countedBytes(len(p)); return len(p), nil }

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only a wrong argument fails
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
