package parquetfile

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

// written is a file with the rows.
func written(t *testing.T, rows []*record.Record) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.parquet")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, writeTo(f, rows))
	require.NoError(t, f.Close())
	return path
}

// Single rows are the same as when the whole file is read, over pages and row groups.
func TestReadRows(t *testing.T) {
	all := archivetest.Records(5000, time.Now())
	path := written(t, all)
	r, err := OpenReader(Activities, path)
	require.NoError(t, err)
	want := archivetest.Drain(t, r)
	require.NoError(t, r.Close())
	random := rand.New(rand.NewPCG(1, 2))
	for _, columns := range [][]string{nil, {"event_id", "original", "occurred_at", "timed", "observed_at"}} {
		for range 20 {
			numbers := make([]int64, 1+random.IntN(40))
			for i := range numbers {
				numbers[i] = random.Int64N(int64(len(want)))
			}
			slices.Sort(numbers)
			numbers = slices.Compact(numbers)
			r, err := OpenReader(Activities, path, columns...)
			require.NoError(t, err)
			next := 0
			require.NoError(t, r.ReadRows(numbers, func(got *record.Record) error {
				w := want[numbers[next]]
				if columns != nil {
					require.Equal(t, [3]any{w.EventID, w.Original, w.OccurredAt}, [3]any{got.EventID, got.Original, got.OccurredAt})
				} else {
					require.Equal(t, w, *got)
				}
				next++
				return nil
			}))
			require.Len(t, numbers, next)
			require.NoError(t, r.Close())
		}
	}
	r, err = OpenReader(Activities, path)
	require.NoError(t, err)
	require.ErrorContains(t, r.ReadRows([]int64{int64(len(want))}, nil), "there is no row")
	require.NoError(t, r.Close())
}

func TestMayHold(t *testing.T) {
	all := archivetest.Records(2000, time.Now())
	f, err := blobstore.OpenLocal(written(t, all[:1000]))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	found := 0
	for i, r := range all {
		may, err := MayHold(f, "activity_id", r.ActivityID.String())
		require.NoError(t, err)
		if i < 1000 {
			require.True(t, may, "what is there is never excluded")
		} else if may {
			found++
		}
	}
	require.Less(t, found, 100)
	_, err = MayHold(f, "no_column", "x")
	require.Error(t, err)
}
