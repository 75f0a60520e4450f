package archive

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/archivetest"
)

// BenchmarkPrivacy writes and seals the same simulated records with privacy and without, in
// turn, and reports the ratios of processor time and of bytes in sealed hours.
func BenchmarkPrivacy(b *testing.B) {
	all, err := archivetest.Simulated(b.Context(), b.TempDir(), 2, noon)
	require.NoError(b, err)
	var cost, size [2]float64
	for b.Loop() {
		for private := range 2 {
			dir := b.TempDir()
			opt := Options{Keys: testKeys(b), noSync: true}
			if private == 1 {
				opt.PersonalKeys = filepath.Join(b.TempDir(), "keys")
			}
			now := noon
			opt.Now = func() time.Time { return now }
			a, err := Open(b.Context(), dir, opt)
			require.NoError(b, err)
			start := processorTime(b)
			for first := 0; first < len(all); first += 5000 {
				require.NoError(b, write(a.Write(b.Context(), Batch{Records: all[first:min(first+5000, len(all))]})))
			}
			now = now.Add(2 * time.Hour)
			_, err = a.SealDue(b.Context())
			require.NoError(b, err)
			cost[private] += processorTime(b) - start
			require.NoError(b, a.Close())
			files, err := Files(b.Context(), dir)
			require.NoError(b, err)
			for _, f := range files {
				size[private] += float64(f.Size)
			}
		}
	}
	rows := float64(len(all) * b.N)
	b.ReportMetric(cost[1]/cost[0], "time_ratio")
	b.ReportMetric(size[1]/size[0], "bytes_ratio")
	b.ReportMetric(size[0]/rows, "bytes/row_off")
	b.ReportMetric(size[1]/rows, "bytes/row_on")
	b.ReportMetric(rows/cost[0], "rows/s_off")
	b.ReportMetric(rows/cost[1], "rows/s_on")
}

// processorTime is that of this process, in seconds.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
