package archive

import (
	"errors"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/archivetest"
)

// forBuckets runs a test on each kind of bucket.
func forBuckets(t *testing.T, f func(t *testing.T, location string)) {
	for kind, location := range stores {
		if kind != "folder" {
			t.Run(kind, func(t *testing.T) { f(t, location(t)) })
		}
	}
}

func TestABucketHoldsWhatAFolderDoes(t *testing.T) {
	listed := func(t *testing.T, location string) map[string]int64 {
		richAt(t, location)
		v, err := OpenView(t.Context(), location)
		require.NoError(t, err)
		sizes := map[string]int64{}
		require.NoError(t, v.List(t.Context(), "", func(f File) error {
			sizes[f.Name] = 0
			if _, isData := layout.ParseData(f.Name); isData { // seals differ in their keys
				sizes[f.Name] = f.Size
			}
			return nil
		}))
		require.NoError(t, v.Close())
		return sizes
	}
	want := listed(t, t.TempDir())
	require.Len(t, want, 5*3+4+9, "sealed and open files, and the chain")
	forBuckets(t, func(t *testing.T, location string) { require.Equal(t, want, listed(t, location)) })
}

func TestHoldsAndRetentionInABucket(t *testing.T) {
	forBuckets(t, func(t *testing.T, location string) {
		s := newSealerAt(t, location, Options{Retention: time.Hour, Holds: []Hold{{From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)}}})
		for hour := range 4 {
			s.write(records(hour*3600, hour*3600+5)...)
			s.seal(minutes(60 * (hour + 1)))
		}
		s.seal(minutes(60 * 6))
		var hours []Hour
		list, err := Files(t.Context(), location)
		require.NoError(t, err)
		for _, f := range list {
			hours = append(hours, f.Hour)
		}
		require.Equal(t, []Hour{HourOf(noon) + 1}, hours, "what is held, and nothing else")
		s.verified()
	})
}

func TestTheLeaseKeepsASecondWriterOut(t *testing.T) {
	forBuckets(t, func(t *testing.T, location string) {
		first := newSealerAt(t, location, Options{})
		first.write(records(0, 5)...)
		other := first.opt
		other.Spool, other.Keys = t.TempDir(), first.opt.Keys
		_, err := Open(t.Context(), location, other)
		require.ErrorContains(t, err, "another process writes this archive")

		// The first falls silent: its lease runs out, another takes over.
		first.now = first.now.Add(blobstore.LeaseTime + time.Second)
		second, err := Open(t.Context(), location, other)
		require.NoError(t, err)
		_, err = first.Write(t.Context(), Batch{Records: records(5, 6)})
		require.ErrorIs(t, err, blobstore.ErrLeaseLost, "it looks before it writes again")
		require.ErrorIs(t, first.Heartbeat(t.Context()), blobstore.ErrLeaseLost)
		require.NoError(t, write(second.Write(t.Context(), Batch{Records: records(6, 8)})))
		require.NoError(t, second.Close())

		// What the second leaves, the first may take at once.
		first.killed()
		first.start()
		first.write(records(8, 9)...)
		rows := 0
		for _, list := range readAll(t, location) {
			rows += len(list)
		}
		require.Equal(t, 8, rows)
	})
}

func TestARestartKnowsItsOwnLease(t *testing.T) {
	forBuckets(t, func(t *testing.T, location string) {
		s := newSealerAt(t, location, Options{})
		_, err := Open(t.Context(), location, s.opt)
		require.ErrorContains(t, err, "another process writes this archive", "not while it lives")
		s.killed()
		s.start()
		s.write(records(0, 5)...)
	})
}

// TestOnlyOneOfTwoSealersSealsAnHour lets a writer that lost its lease, and does not
// know it yet, seal the hour that its successor has sealed.
func TestOnlyOneOfTwoSealersSealsAnHour(t *testing.T) {
	forBuckets(t, func(t *testing.T, location string) {
		s := newSealerAt(t, location, Options{})
		s.write(records(0, 5)...)
		name := layout.SealName(HourOf(noon))
		require.NoError(t, s.store.Create(t.Context(), name, []byte("by another")))
		require.ErrorIs(t, s.store.Create(t.Context(), name, []byte("again")), fs.ErrExist)
		s.now = minutes(60)
		_, err := s.SealDue(t.Context())
		require.ErrorIs(t, err, fs.ErrExist)
		require.Equal(t, "by another", string(s.get(name)))
	})
}

func TestHalfAnObjectIsNeverSeen(t *testing.T) {
	forBuckets(t, func(t *testing.T, location string) {
		s := newSealerAt(t, location, Options{})
		wrong := errors.New("wrong")
		_, err := s.store.Put(t.Context(), "x", func(w io.Writer) error {
			_, err := w.Write([]byte("half"))
			return errors.Join(err, wrong)
		})
		require.ErrorIs(t, err, wrong)
		require.Nil(t, s.get("x"))
	})
}

func TestABucketThatIsNotThereIsAnError(t *testing.T) {
	_, err := Open(t.Context(), "nothing://bucket", Options{Spool: t.TempDir()})
	require.ErrorContains(t, err, "nothing://bucket")
	_, err = Open(t.Context(), archivetest.MemoryBucket(t), Options{})
	require.ErrorContains(t, err, "spool")
	_, err = Verify(t.Context(), archivetest.MemoryBucket(t), VerifyOptions{})
	require.ErrorIs(t, err, ErrNoArchive)
	_, err = OpenView(t.Context(), archivetest.MemoryBucket(t))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
