package archive

import (
	"io"
	"testing"
)

// BenchmarkWriteFile measures encoding alone: rows of one record each, then many.
func BenchmarkWriteFile(b *testing.B) {
	for name, n := range map[string]int{"small": 20, "large": 20_000} {
		rows := activities.arrange(records(0, n))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := writeFile(activities, io.Discard, rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
