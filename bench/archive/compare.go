package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/zstd"

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
