package archive

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

// hoursOf lists the hours of the files that are there, quarantined data marked with q.
func hoursOf(t *testing.T, location string) (hours []string) {
	t.Helper()
	files, err := Files(t.Context(), location)
	require.NoError(t, err)
	for _, f := range files {
		hour := f.Hour.Start().Format("15")
		if f.Quarantine() {
			hour += "q"
		}
		hours = append(hours, hour)
	}
	slices.Sort(hours)
	return hours
}

// TestAnHourWithAHeldPersonStays, in a directory and in a bucket, until the hold is released.
func TestAnHourWithAHeldPersonStays(t *testing.T) {
	for kind, location := range map[string]string{"directory": t.TempDir(), "bucket": archivetest.MemoryBucket(t)} {
		t.Run(kind, func(t *testing.T) {
			keys := testKeys(t)
			s := newSealerAt(t, location, Options{Keys: keys, Retention: 2 * time.Hour})
			ada := func(r *record.Record) { r.IdentityName = "Ada Lovelace" }
			approves := func(r *record.Record) { r.ApproverName = "ada lovelace" }
			hour := func(n int, rows ...*record.Record) {
				t.Helper()
				s.now = minutes(60*n + 1)
				s.write(rows...)
				s.seal(minutes(60 * (n + 1)))
			}
			in := func(n int, change ...func(*record.Record)) *record.Record {
				return row(n*3600+30, change...)
			}
			hour(0, in(0, ada), row(31))
			hour(1, in(1))
			id, err := PlaceHold(t.Context(), location, keys, Hold{Identity: "Ada Lovelace", Reason: "case 17"})
			require.NoError(t, err)
			sealed, pending, err := Holds(t.Context(), location, keys)
			require.NoError(t, err)
			require.Empty(t, sealed)
			require.Equal(t, id, pending[0].ID)
			_, err = PlaceHold(t.Context(), location, keys, Hold{Group: "group-2410", Reason: "case 18"})
			require.NoError(t, err)
			hour(2, in(2), row(2*3600+31, func(r *record.Record) { r.GroupID = "group-2410" }))
			hour(3, in(3, approves))
			hour(4, in(4))
			s.restart()
			hour(5, in(5))
			require.Equal(t, []string{"12", "14", "15", "16", "17"}, hoursOf(t, location), "13 expired")
			sealed, pending, err = Holds(t.Context(), location, keys)
			require.NoError(t, err)
			require.Len(t, sealed, 2)
			require.Empty(t, pending)
			for h := HourOf(noon) + 2; h <= HourOf(noon)+5; h++ {
				require.Len(t, s.entry(h).Holds, 2, "each seal states them")
			}

			require.ErrorContains(t, ReleaseHold(t.Context(), location, keys, "none", "typing error"), `no hold "none"`)
			require.NoError(t, ReleaseHold(t.Context(), location, keys, id, "case closed"))
			hour(6, in(6))
			require.Len(t, s.entry(HourOf(noon)+6).Holds, 1)
			require.Equal(t, []string{"14", "17", "18"}, hoursOf(t, location))
			v, err := OpenView(t.Context(), location)
			require.NoError(t, err)
			names, err := v.store.Names(t.Context(), layout.HoldsDir)
			require.NoError(t, err)
			require.Empty(t, names, "requests are answered")
			require.NoError(t, v.Close())
			found, err := Verify(t.Context(), location, VerifyOptions{Keys: []ed25519.PublicKey{chain.Public(keys[0])}, Now: s.now})
			require.NoError(t, err)
			require.Empty(t, found.Problems)
			require.Len(t, found.Holds, 1)
		})
	}
}

// TestAHoldThatNobodySignedIsIgnored: it is named, and sealing and expiry go on.
func TestAHoldThatNobodySignedIsIgnored(t *testing.T) {
	keys := testKeys(t)
	s := newSealer(t, Options{Keys: keys, Retention: time.Hour})
	s.write(row(1))
	s.seal(minutes(60))
	_, err := PlaceHold(t.Context(), s.dir, testKeys(t), Hold{Tenant: "acme", Reason: "forged"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, layout.HoldsDir, "x.json"), []byte("{}"), 0o600))
	s.now = minutes(130)
	sealed, err := s.SealDue(t.Context())
	require.Len(t, sealed, 1)
	require.ErrorContains(t, err, "which is not the archive's: it is ignored")
	require.ErrorContains(t, err, "x.json is no request")
	require.Empty(t, readAll(t, s.dir), "it expired")
}

// TestAHeldPersonInQuarantinedData: the text of what could not be read names the person.
func TestAHeldPersonInQuarantinedData(t *testing.T) {
	s := newSealer(t, Options{Retention: time.Hour, Holds: []Hold{{Identity: "ada"}}})
	for n, text := range []string{`{"name": "Ada"}`, `{"name": "Bob"}`} {
		s.now = minutes(60 * n)
		q := &record.Quarantined{Tenant: "acme", Position: int64(n), ObservedAt: at(s.now), Original: text}
		q.EventID = record.QuarantineID(q)
		require.NoError(t, write(s.Write(t.Context(), Batch{Quarantined: []*record.Quarantined{q}})))
		s.seal(minutes(60 * (n + 1)))
	}
	s.seal(minutes(300))
	require.Equal(t, []string{"12q"}, hoursOf(t, s.dir))
	require.Equal(t, `identity "ada"`, s.entry(HourOf(noon)).Holds[0].String())
}

// TestCrashAtEveryStepOfAnsweringRequests: a hold that was placed stays, and one that was
// placed and released does not come back.
func TestCrashAtEveryStepOfAnsweringRequests(t *testing.T) {
	for n := 0; ; n++ {
		keys := testKeys(t)
		s := newSealer(t, Options{Keys: keys, Retention: time.Hour})
		s.write(records(0, 10)...)
		s.seal(minutes(60))
		place := func(h Hold) string {
			id, err := PlaceHold(t.Context(), s.dir, keys, h)
			require.NoError(t, err)
			return id
		}
		stays := place(Hold{Tenant: "acme", Reason: "stays"})
		require.NoError(t, ReleaseHold(t.Context(), s.dir, keys, place(Hold{Tenant: "acme", Reason: "goes"}), "done"))
		s.now = minutes(120)
		crashed := s.crashed(n, func() error { _, err := s.SealDue(t.Context()); return err })
		if crashed {
			s.killed()
			s.start()
		}
		s.seal(minutes(180))
		sealed, pending, err := Holds(t.Context(), s.dir, keys)
		require.NoError(t, err)
		require.Empty(t, pending)
		require.Len(t, sealed, 1, "crash before change %d", n)
		require.Equal(t, stays, sealed[0].ID)
		require.Len(t, readAll(t, s.dir), 1, "it is held")
		left, err := s.store.Names(t.Context(), layout.HoldsDir)
		require.NoError(t, err)
		require.Empty(t, left)
		if !crashed {
			require.Greater(t, n, 5, "the steps were counted")
			return
		}
	}
}
