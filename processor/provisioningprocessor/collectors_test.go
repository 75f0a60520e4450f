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
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/storetest"
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
		told := history.StoredGroup{Version: s.groups[g.GroupID].Version}
		for _, r := range s.activities {
			if r.GroupID == g.GroupID {
				told.Version = max(told.Version, r.Version)
			}
		}
		if told.Version <= g.Version {
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
			told.Observations = append(told.Observations, o)
		}
		out[g.Key] = told
	}
	return out, nil
}

var historyID = component.MustNewID("provisioning_history")

// extensions is a host with both.
type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func openWith(history *stored, disk *storetest.Disk, s *sink) (*folder, error) {
	cfg := createDefaultConfig().(*Config)
	cfg.CheckInterval, cfg.History = 1<<62, &historyID
	host := extensions{historyID: history}
	if disk != nil {
		cfg.Storage = &storageID
		host[storageID] = storetest.Extension{Disk: disk}
	}
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
	if err != nil {
		return nil, err
	}
	return f, f.Start(context.Background(), host)
}

// Groups move between collectors at any time, collectors are killed in the middle, come
// back with the state of long ago or without any: the result is that of one collector.
func TestAnyCollectorGoesOnWithAnyGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := distinctOf(drawHistory(t))
		s := newSink()
		told := &stored{sink: s}
		collectors := make([]*folder, 3)
		disks := []*storetest.Disk{storetest.NewDisk(), storetest.NewDisk(), nil}
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
					disks[at] = storetest.NewDisk()
				}
				var err error
				collectors[at], err = openWith(told, disks[at], s)
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
		check(t, s, observations)
	})
}

// distinctOf keeps the first copy of each: a history has the copy that was told first.
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
	told := &stored{sink: s, err: errors.New("no route")}
	f, err := openWith(told, storetest.NewDisk(), s)
	require.NoError(t, err)
	batch := []provisioning.Observation{observe("g1", provisioning.StatusPending, 1)}
	err = f.ConsumeLogs(t.Context(), logsOf(batch))
	require.ErrorContains(t, err, "asking provisioning_history for what was told of 1 groups failed, nothing was acknowledged: no route")
	require.Zero(t, s.calls)
	told.err = nil
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
	require.Len(t, s.observations, 1)
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestTheHistoryIsAskedOnceForABatch(t *testing.T) {
	s := newSink()
	told := &stored{sink: s}
	f, err := openWith(told, nil, s)
	require.NoError(t, err)
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{
		observe("g1", provisioning.StatusPending, 1), observe("g2", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2),
	})))
	require.Equal(t, 1, told.asked)
	require.NoError(t, f.Shutdown(t.Context()))
}

// What the other one told last may be stored in one place and not in another: replayed,
// it is told again, though the history has it.
func TestReplayedObservationsAreToldAgain(t *testing.T) {
	s := newSink()
	told := &stored{sink: s}
	one, err := openWith(told, storetest.NewDisk(), s)
	require.NoError(t, err)
	first, second := observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2)
	require.NoError(t, one.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{first, second})))
	kill(one)

	elsewhere := newSink()
	two, err := openWith(told, storetest.NewDisk(), elsewhere)
	require.NoError(t, err)
	for _, o := range []provisioning.Observation{first, second} {
		require.NoError(t, two.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{o})))
	}
	check(t, elsewhere, []provisioning.Observation{first, second})
	require.NoError(t, two.Shutdown(t.Context()))
}

// An alarm of a group that another collector goes on with is not ours to see to.
func TestAnAlarmOfAGroupThatMovedForgetsIt(t *testing.T) {
	s := newSink()
	told := &stored{sink: s}
	one, err := openWith(told, nil, s)
	require.NoError(t, err)
	two, err := openWith(told, nil, s)
	require.NoError(t, err)
	require.NoError(t, one.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1)})))
	require.NoError(t, two.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusSuccess, 2)})))
	calls := s.calls
	one.now = func() time.Time { return time.Now().Add(5 * time.Minute) }
	require.NoError(t, one.ring(t.Context()))
	groups, err := one.load(t.Context(), []groupKey{history.GroupKey("acme", "g1")}, nil)
	require.NoError(t, err)
	require.Empty(t, groups[0].Observations)
	require.Equal(t, calls, s.calls, "nothing is told of it")
	check(t, s, []provisioning.Observation{observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2)})
	require.NoError(t, one.Shutdown(t.Context()))
	require.NoError(t, two.Shutdown(t.Context()))
}

func TestHistoryMustExist(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.History = &historyID
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, newSink())
	require.NoError(t, err)
	require.ErrorContains(t, f.Start(t.Context(), extensions{}), "provisioning_history is not among the service's extensions")
	require.ErrorContains(t, f.Start(t.Context(), extensions{historyID: storetest.Extension{}}), "no extension that knows")
	require.NoError(t, f.Shutdown(t.Context()))
}
