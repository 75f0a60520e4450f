package provisioningprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// openAhead opens a processor on a machine whose clock is ahead of the bubble's time.
func openAhead(t *testing.T, disk *disk, s *sink, ahead *time.Duration) *correlator {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Retention, cfg.OpenRetention = 24*time.Hour, 48*time.Hour
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
	require.NoError(t, err)
	began := time.Now()
	f.clock = clock.New(func() time.Time { return time.Now().Round(0).Add(*ahead) }, func() time.Duration { return time.Since(began) })
	f.clock.BelieveAfter(patience)
	f.now = f.clock.Now
	f.openStore = func() (store.Store, error) { return disk, nil }
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))
	return f
}

// TestAJumpOfTheClockFlagsAndForgetsNothing: while the clock is wrong, at a restart
// meanwhile, and after it has returned.
func TestAJumpOfTheClockFlagsAndForgetsNothing(t *testing.T) {
	const day = 24 * time.Hour
	for name, jump := range map[string]time.Duration{
		"an hour back": -time.Hour, "a day back": -day, "a year back": -365 * day,
		"an hour ahead": time.Hour, "a day ahead": day, "a year ahead": 365 * day,
	} {
		for _, restart := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s, disk := newSink(), newDisk(t)
				ahead := time.Duration(0)
				f := openAhead(t, disk, s, &ahead)
				send := func(observations ...provisioning.Observation) {
					t.Helper()
					for i := range observations { // the receiver's clock is the machine's
						at := observations[i].ObservedAt.AsTime().Add(ahead)
						observations[i].ObservedAt = pcommon.NewTimestampFromTime(at)
					}
					require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(observations)))
				}
				idle := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
				groups := func() (n int) {
					for _, g := range []string{"closed", "open"} {
						loaded, err := f.load(t.Context(), []groupKey{provisioning.ID(provisioning.TraceID("acme", g))}, nil)
						require.NoError(t, err)
						if len(loaded[0].Observations) > 0 {
							n++
						}
					}
					return n
				}
				closed, pending := justNow("closed", provisioning.StatusSuccess), justNow("open", provisioning.StatusPending)
				send(closed, pending)
				idle(3 * time.Hour)

				ahead = jump
				if restart {
					kill(f)
					f = openAhead(t, disk, s, &ahead)
				}
				for range 20 { // live traffic goes on
					send(justNow("live", provisioning.StatusSuccess))
					idle(time.Minute)
				}
				require.Empty(t, s.states, "%s: nothing is flagged", name)
				require.Equal(t, 2, groups(), "%s: nothing is forgotten", name)

				// Of a trigger without a time the receipt is the time.
				untimed := justNow("untimed", provisioning.StatusPending, func(o *provisioning.Observation) { o.EventID[0]++ })
				untimed.OccurredAt = 0
				if !restart && jump > 0 {
					send(untimed)
					for _, r := range s.standing() {
						require.False(t, r.ObservedAt.AsTime().After(time.Now()), name)
					}
				}
				ahead = 0
				if restart {
					kill(f)
					f = openAhead(t, disk, s, &ahead)
				}
				send(justNow("live", provisioning.StatusSuccess))
				idle(time.Hour)
				for _, r := range s.standing() {
					require.Equal(t, r.GroupID == "open", r.Stalled, "%s: %s: four hours are over", name, r.GroupID)
				}
				idle(20 * time.Hour)
				send(justNow("live", provisioning.StatusSuccess))
				idle(time.Hour)
				require.Equal(t, 1, groups(), "%s: the retention of what is closed is over", name)
				require.NoError(t, f.Shutdown(t.Context()))
			})
		}
	}
}
