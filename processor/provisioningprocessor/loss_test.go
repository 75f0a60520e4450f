package provisioningprocessor

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
)

func onlyLost(c *Config) { c.HistoryFor = HistoryLost }

// TestAStateThatIsDeleted: at any time, after an end in order, a kill or a failed attempt.
// With a history the result is that of one collector that lost nothing.
func TestAStateThatIsDeleted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := distinctOf(drawHistory(t))
		s := newSink()
		emitted := &stored{sink: s}
		failing := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "failures"), 2))
		s.refusing(func(int) (before, after bool) { n := failing.IntN(8); return n == 0, n == 1 })
		disk := newDisk(t)
		f, err := openWith(emitted, disk, s, onlyLost)
		require.NoError(t, err)
		for _, batch := range batches(t, observations) {
			for f.ConsumeLogs(context.Background(), logsOf(batch)) != nil {
				if failing.IntN(2) == 0 {
					continue
				}
				kill(f)
				f, err = openWith(emitted, disk, s, onlyLost)
				require.NoError(t, err)
			}
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				kill(f)
			case 1:
				require.NoError(t, f.Shutdown(context.Background()))
			default:
				continue
			}
			if rapid.Bool().Draw(t, "deleted") {
				disk = newDisk(t)
			}
			f, err = openWith(emitted, disk, s, onlyLost)
			require.NoError(t, err)
		}
		s.refusing(nil)
		require.NoError(t, f.Shutdown(context.Background()))
		compare(t, s, observations, nil) // names are learned anew
	})
}

// TestTheHistoryIsAskedForWhatMayBeLost and for nothing else, so that a store that is away
// holds up nothing else.
func TestTheHistoryIsAskedForWhatMayBeLost(t *testing.T) {
	s := newSink()
	emitted := &stored{sink: s}
	consume := func(f *correlator, group string, at time.Time, asked int) {
		t.Helper()
		o := observe(group, provisioning.StatusPending, 1, func(o *provisioning.Observation) {
			o.OccurredAt = pcommon.NewTimestampFromTime(at)
		})
		was := emitted.asked
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{o})))
		require.Equal(t, asked, emitted.asked-was)
	}
	now := time.Now()
	disk := newDisk(t)
	f, err := openWith(emitted, disk, s, onlyLost)
	require.NoError(t, err)
	consume(f, "old", now.Add(-30*24*time.Hour), 0) // nothing was stored when the state began
	f.now = func() time.Time { return now.Add(9 * 24 * time.Hour) }
	consume(f, "new", now.Add(9*24*time.Hour), 0)
	consume(f, "older", now.Add(-30*24*time.Hour), 1) // its retention may have been over
	require.NoError(t, f.Shutdown(t.Context()))

	f, err = openWith(emitted, newDisk(t), s, onlyLost)
	require.NoError(t, err)
	consume(f, "old", now, 1)
	consume(f, "old", now, 0) // it has it now
	consume(f, "newer", now.Add(2*time.Hour), 0)
	emitted.err = context.DeadlineExceeded
	consume(f, "newest", now.Add(2*time.Hour), 0)
	before := observe("before", provisioning.StatusPending, 1)
	require.ErrorContains(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{before})), "nothing was acknowledged")
	require.NoError(t, f.Shutdown(t.Context()))
}

// TestVersionsGrowAcrossLostStates: a state is deleted again and again while what was emitted
// waits in a queue, so that the history shows none of it. Kills without a deletion happen between.
func TestVersionsGrowAcrossLostStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epochBegin.AddDate(2, 0, 0)))
		s, last := newSink(), uint64(0)
		disk := newDisk(t)
		for life := range 9 {
			if life%3 == 0 {
				disk = newDisk(t)
			}
			f, err := openWith(&stored{sink: newSink()}, disk, s, onlyLost)
			require.NoError(t, err)
			require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g", provisioning.StatusPending, pcommon.Timestamp(life))})))
			version := s.groups["g"].Version
			require.Greater(t, version>>32, last>>32, "life %d", life)
			last = version
			kill(f)
			time.Sleep(time.Second)
		}
	})
}

// together is a history that answers when so many have asked.
type together struct {
	*stored
	asking *sync.WaitGroup
}

func (h *together) Empty(context.Context) (bool, error) {
	h.asking.Done()
	h.asking.Wait()
	return false, nil
}

// TestALostStateIsSaidOnce, however many batches come at the same time.
func TestALostStateIsSaidOnce(t *testing.T) {
	s := newSink()
	f, err := openWith(&stored{sink: s}, newDisk(t), s, onlyLost)
	require.NoError(t, err)
	core, said := observer.New(zap.WarnLevel)
	const batches = 8
	var asking, done sync.WaitGroup
	asking.Add(batches)
	f.logger, f.history = zap.New(core), &together{&stored{sink: s}, &asking}
	for range batches {
		done.Go(func() {
			_, err := f.asksFor(t.Context(), nil, []arrivals{})
			assert.NoError(t, err)
		})
	}
	done.Wait()
	require.Equal(t, 1, said.Len())
	require.NoError(t, f.Shutdown(t.Context()))
}
