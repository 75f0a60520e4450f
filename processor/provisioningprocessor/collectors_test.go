package provisioningprocessor

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/processor/processortest"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// stored is a history: what is in the sink, as a store that keeps microseconds gives it
// back.
type stored struct {
	component.StartFunc
	component.ShutdownFunc
	*sink
	err   error
	asked int
}

func (s *stored) Stored(_ context.Context, groups []history.KnownGroup) (map[provisioning.ID]history.StoredGroup, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.err != nil {
		return nil, s.err
	}
	out := map[provisioning.ID]history.StoredGroup{}
	for _, g := range groups {
		emitted := history.StoredGroup{Version: s.groups[g.GroupID].Version}
		for _, r := range s.activities {
			if r.GroupID == g.GroupID {
				emitted.Version = max(emitted.Version, r.Version)
			}
		}
		if emitted.Version <= g.Version {
			continue
		}
		for _, r := range s.observations {
			if r.GroupID != g.GroupID {
				continue
			}
			o, err := record.RestoreObservation(&r)
			if err != nil {
				return nil, err
			}
			emitted.Observations = append(emitted.Observations, o)
		}
		out[g.Key] = emitted
	}
	return out, nil
}

func (s *stored) Empty(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.observations) == 0, s.err
}

var historyID = component.MustNewID("provisioning_history")

// noHistory is an extension that can do nothing.
type noHistory struct {
	component.StartFunc
	component.ShutdownFunc
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func openWith(history *stored, disk *disk, s *sink, change ...func(*Config)) (*correlator, error) {
	cfg := createDefaultConfig().(*Config)
	cfg.CheckInterval, cfg.History = 1<<62, &historyID
	for _, f := range change {
		f(cfg)
	}
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
	if err != nil {
		return nil, err
	}
	f.wake = nil
	if disk != nil {
		f.openStore = func() (store.Store, error) { return disk, nil }
	}
	return f, f.Start(context.Background(), extensions{historyID: history})
}

// Groups move between collectors at any time, collectors are killed in the middle, come
// back with the state of long ago or without any: the result is that of one collector.
func TestAnyCollectorGoesOnWithAnyGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := distinctOf(drawHistory(t))
		s := newSink()
		emitted := &stored{sink: s}
		collectors := make([]*correlator, 3)
		disks := []*disk{newDisk(t), newDisk(t), nil}
		failing := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "failures"), 2))
		s.refusing(func(int) (before, after bool) { n := failing.IntN(6); return n == 0, n == 1 })
		left := batches(t, observations)
		for tries := 0; len(left) > 0; tries++ {
			if tries == 40 {
				s.refusing(nil)
			}
			at := rapid.IntRange(0, len(collectors)-1).Draw(t, "collector")
			if collectors[at] == nil {
				if rapid.Bool().Draw(t, "lost its state") && disks[at] != nil {
					disks[at] = newDisk(t)
				}
				var err error
				collectors[at], err = openWith(emitted, disks[at], s)
				require.NoError(t, err)
			}
			f := collectors[at]
			err := f.ConsumeLogs(context.Background(), logsOf(left[0]))
			if err == nil {
				left = left[1:]
			}
			if rapid.IntRange(0, 3).Draw(t, "killed") == 0 {
				kill(f)
				collectors[at] = nil
			}
			if err != nil && rapid.Bool().Draw(t, "another order") {
				var all []provisioning.Observation
				for _, batch := range left {
					all = append(all, batch...)
				}
				left = batches(t, rapid.Permutation(all).Draw(t, "order"))
			}
		}
		s.refusing(nil)
		for _, f := range collectors {
			if f != nil {
				require.NoError(t, f.Shutdown(context.Background()))
			}
		}
		compare(t, s, observations, nil) // each knows the names that it saw itself
	})
}

// distinctOf keeps the first copy of each: a history has the copy that was emitted first.
func distinctOf(observations []provisioning.Observation) (out []provisioning.Observation) {
	seen := map[provisioning.ID]bool{}
	for _, o := range observations {
		if !seen[o.EventID] {
			seen[o.EventID] = true
			out = append(out, o)
		}
	}
	return out
}

func TestAHistoryThatCannotBeAskedStopsEverything(t *testing.T) {
	s := newSink()
	emitted := &stored{sink: s, err: errors.New("no route")}
	f, err := openWith(emitted, newDisk(t), s)
	require.NoError(t, err)
	batch := []provisioning.Observation{observe("g1", provisioning.StatusPending, 1)}
	err = f.ConsumeLogs(t.Context(), logsOf(batch))
	require.ErrorContains(t, err, "asking provisioning_history what is stored of 1 groups failed, nothing was acknowledged: no route")
	require.Zero(t, s.calls)
	emitted.err = nil
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
	require.Len(t, s.observations, 1)
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestTheHistoryIsAskedOnceForABatch(t *testing.T) {
	s := newSink()
	emitted := &stored{sink: s}
	f, err := openWith(emitted, nil, s)
	require.NoError(t, err)
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{
		observe("g1", provisioning.StatusPending, 1), observe("g2", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2),
	})))
	require.Equal(t, 1, emitted.asked)
	require.NoError(t, f.Shutdown(t.Context()))
}

// What the other one emitted last may be stored in one place and not in another: replayed,
// it is emitted again, though the history has it.
func TestReplayedObservationsAreEmittedAgain(t *testing.T) {
	s := newSink()
	emitted := &stored{sink: s}
	one, err := openWith(emitted, newDisk(t), s)
	require.NoError(t, err)
	first, second := observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2)
	require.NoError(t, one.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{first, second})))
	kill(one)

	elsewhere := newSink()
	two, err := openWith(emitted, newDisk(t), elsewhere)
	require.NoError(t, err)
	for _, o := range []provisioning.Observation{first, second} {
		require.NoError(t, two.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{o})))
	}
	check(t, elsewhere, []provisioning.Observation{first, second})
	require.NoError(t, two.Shutdown(t.Context()))
}

// A timer of a group that another collector goes on with deletes the group.
func TestATimerOfAGroupThatMovedForgetsIt(t *testing.T) {
	s := newSink()
	emitted := &stored{sink: s}
	one, err := openWith(emitted, nil, s)
	require.NoError(t, err)
	two, err := openWith(emitted, nil, s)
	require.NoError(t, err)
	require.NoError(t, one.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1)})))
	require.NoError(t, two.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusSuccess, 2)})))
	calls := s.calls
	one.now = func() time.Time { return time.Now().Add(5 * time.Minute) }
	require.NoError(t, one.fireDue(t.Context()))
	groups, err := one.load(t.Context(), []groupKey{history.GroupKey("acme", "g1")}, nil)
	require.NoError(t, err)
	require.Empty(t, groups[0].Observations)
	require.Equal(t, calls, s.calls, "nothing is emitted of it")
	check(t, s, []provisioning.Observation{observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2)})
	require.NoError(t, one.Shutdown(t.Context()))
	require.NoError(t, two.Shutdown(t.Context()))
}

func TestHistoryMustExist(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.History = &historyID
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, newSink())
	require.NoError(t, err)
	require.ErrorContains(t, f.Start(t.Context(), extensions{}), `extension "provisioning_history" is not configured`)
	require.ErrorContains(t, f.Start(t.Context(), extensions{historyID: noHistory{}}), "reads no history")
	require.NoError(t, f.Shutdown(t.Context()))
}
