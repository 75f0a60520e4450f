package archive

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var errCrash = errors.New("crash")

// crashed runs f and reports whether it came to the nth change of the disk, where
// everything stops as with a power cut.
func (s *sealer) crashed(n int, f func() error) (crashed bool) {
	s.onChange = func() {
		if n--; n < 0 {
			panic(errCrash)
		}
	}
	defer func() {
		s.onChange = nil
		if p := recover(); p != nil {
			require.Equal(s.t, errCrash, p)
			crashed = true
		}
	}()
	require.NoError(s.t, f())
	return false
}

// TestCrashAtEveryStepOfSealing crashes before each change of the disk in turn, as
// sealing merges two tenants' hours, removes an expired one and signs; and crashes
// the restart as well. Afterwards each record is there once and verify is content.
func TestCrashAtEveryStepOfSealing(t *testing.T) {
	for kind, location := range stores {
		t.Run(kind, func(t *testing.T) { testCrashes(t, location) })
	}
}

func testCrashes(t *testing.T, location func(testing.TB) string) {
	step := 1
	if archivetest.Race {
		step = 5
	}
	for n := 0; ; n += step {
		s := newSealerAt(t, location(t), Options{Retention: time.Hour})
		s.write(records(0, 10)...) // expire as the next hour is sealed
		s.seal(minutes(60))
		other := func(r *record.Record) { r.Tenant = "other" }
		s.write(records(3600, 3620)...)
		s.write(records(3610, 3630)...)
		s.write(records(3700, 3720, other)...)
		s.write(records(3710, 3730, other)...)
		s.now = minutes(120)
		if !s.crashed(n, func() error { _, err := s.SealDue(t.Context()); return err }) {
			require.Greater(t, n, 20, "the steps were counted")
			s.checkSealed(60)
			break
		}
		s.killed()
		s.start()
		_, err := s.SealDue(t.Context())
		require.NoError(t, err)
		s.checkSealed(60)
	}
}

// killed drops what the kernel drops when a process ends.
func (s *sealer) killed() { require.NoError(s.t, s.store.Abandon()) }

// checkSealed expects n records, each once, in a sound archive.
func (s *sealer) checkSealed(n int) {
	s.t.Helper()
	got := map[provisioning.ID]int{}
	for _, rows := range readAll(s.t, s.dir) {
		for i := range rows {
			got[rows[i].EventID]++
		}
	}
	require.Len(s.t, got, n)
	for id, times := range got {
		require.Equal(s.t, 1, times, id)
	}
	require.Nil(s.t, s.get(layout.IntentName))
	if !IsURL(s.dir) {
		left, err := s.store.Names(s.t.Context(), layout.TempDir)
		require.NoError(s.t, err)
		require.Empty(s.t, left)
	}
	s.verified()
}
