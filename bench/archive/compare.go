package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/provisioning/record"
)

// rawText is the vendor's JSON of all rows, one after another, compressed.
type rawText struct {
	size   int64
	gzip   *gzip.Writer
	zstd   *zstd.Encoder
	gzSize counter
	zsSize counter
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func newRawText() *rawText {
	r := &rawText{}
	r.gzip = gzip.NewWriter(&r.gzSize)
	var err error
	if r.zstd, err = zstd.NewWriter(&r.zsSize, zstd.WithEncoderConcurrency(1)); err != nil {
		panic(err) // the options are constants
	}
	return r
}

func (r *rawText) add(batch []*record.Record) error {
	for _, record := range batch {
		r.size += int64(len(record.Original)) + 1
		for _, w := range []io.Writer{r.gzip, r.zstd} {
			if _, err := io.WriteString(w, record.Original+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rawText) compare(size, rows int64) error {
	if err := errors.Join(r.gzip.Close(), r.zstd.Close()); err != nil {
		return err
	}
	fmt.Printf("BENCH archive_raw_json_bytes_per_event %.1f bytes\n", float64(r.size)/float64(rows))
	fmt.Printf("BENCH archive_bytes_ratio_vs_raw_json %.4f ratio\n", float64(size)/float64(r.size))
	fmt.Printf("BENCH archive_bytes_ratio_vs_raw_json_gzip %.2f ratio\n", float64(size)/float64(r.gzSize))
	fmt.Printf("BENCH archive_bytes_ratio_vs_raw_json_zstd %.2f ratio\n", float64(size)/float64(r.zsSize))
	return nil
}

// bare writes rows of the archive once more with parquet-go's own writer, which gets
// them ready made.
func bare(root string, rows int64, writing time.Duration) error {
	files, err := filepath.Glob(filepath.Join(root, "tenant=*", "*", "*", "*.parquet"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return err
	}
	const most = 100_000
	var all []parquet.Row
	buffer := make([]parquet.Row, 1000)
	for _, group := range f.RowGroups() {
		from := group.Rows()
		for len(all) < most {
			n, err := from.ReadRows(buffer)
			for _, row := range buffer[:n] {
				all = append(all, row.Clone())
			}
			if err != nil {
				break
			}
		}
		if err := from.Close(); err != nil {
			return err
		}
	}
	took, err := timed(func() error {
		w := parquet.NewWriter(io.Discard, f.Schema(), parquet.Compression(&parquet.Zstd))
		for start := 0; start < len(all); start += 10_000 {
			if _, err := w.WriteRows(all[start:min(start+10_000, len(all))]); err != nil {
				return err
			}
		}
		return w.Close()
	})
	if err != nil {
		return err
	}
	speed := float64(len(all)) / took.Seconds()
	fmt.Printf("BENCH archive_parquet_go_events_per_second_per_core %.0f events/s\n", speed)
	fmt.Printf("BENCH archive_write_time_ratio_vs_parquet_go %.2f ratio\n", writing.Seconds()/float64(rows)*speed)
	return nil
}

// clearPeak begins a new measurement of the process's greatest memory and returns how
// much it has now, in MB. Linux only: elsewhere both are zero.
func clearPeak() float64 {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600)
	return status("VmRSS:")
}

func peak() float64 { return status("VmHWM:") }

func status(name string) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(name))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(string(fields[0]), 64)
	return kb / 1024
}
