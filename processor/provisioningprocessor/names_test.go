package provisioningprocessor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor/processortest"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
)

func nameless(o *provisioning.Observation) { o.SourceName = "" }

func named(name string) func(*provisioning.Observation) {
	return func(o *provisioning.Observation) { o.SourceName = name }
}

// A group whose documents give the source's id only gets the name that another group's
// document has, whichever comes first.
func TestNameOfASourceIsLearnedFromOtherGroups(t *testing.T) {
	s, disk := newSink(), newDisk(t)
	f := mustOpen(t, disk, s)
	young, other := observe("young", provisioning.StatusPending, 1, nameless), observe("other", provisioning.StatusSuccess, 2)
	send := func(o ...provisioning.Observation) { require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(o))) }
	send(young)
	require.Equal(t, []string{young.SourceID}, s.groups["young"].Sources)
	id, before := provisioning.Resolve([]provisioning.Observation{young})[0].ID, s.groups["young"].Version

	send(other)
	require.NoError(t, f.correct(t.Context()))
	require.Equal(t, []string{"Active Directory"}, s.groups["young"].Sources)
	require.Greater(t, s.groups["young"].Version, before)
	require.Equal(t, "Active Directory", s.standing()[id].SourceName)
	require.Len(t, s.standing(), 2, "a name changes no activity's id")
	require.Contains(t, *f.totals.Load(), "Active Directory")
	require.NotContains(t, *f.totals.Load(), young.SourceID)

	later := observe("later", provisioning.StatusPending, 3, nameless)
	send(later)
	require.Equal(t, []string{"Active Directory"}, s.groups["later"].Sources, "known from the start")
	calls := s.calls
	require.NoError(t, f.correct(t.Context()))
	require.Equal(t, calls, s.calls, "nothing is left to correct")

	renamed := observe("renamed", provisioning.StatusPending, 4, named("AD"))
	send(renamed)
	kill(f)
	f = mustOpen(t, disk, s)
	require.NoError(t, f.correct(t.Context()))
	require.Equal(t, []string{"AD"}, s.groups["young"].Sources)
	require.Equal(t, []string{"AD"}, s.groups["later"].Sources)
	require.Equal(t, []string{"Active Directory"}, s.groups["other"].Sources, "its own documents say so")
	require.NoError(t, f.Shutdown(t.Context()))
	check(t, s, []provisioning.Observation{young, other, later, renamed})
}

// Two sources of one name stay two, and tenants share no names.
func TestNamesJoinNoSources(t *testing.T) {
	s := newSink()
	f := mustOpen(t, nil, s)
	second := func(o *provisioning.Observation) { o.SourceID = "a" + o.SourceID[1:] }
	elsewhere := func(o *provisioning.Observation) { o.Tenant = "umbrella" }
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{
		observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusPending, 2, second),
		observe("g2", provisioning.StatusPending, 1, nameless), observe("g2", provisioning.StatusPending, 2, second, nameless),
		observe("g3", provisioning.StatusPending, 1, elsewhere, nameless),
	})))
	require.NoError(t, f.correct(t.Context()))
	require.Len(t, s.standing(), 5)
	require.Equal(t, []string{"Active Directory"}, s.groups["g2"].Sources)
	require.EqualValues(t, 2, s.groups["g2"].Activities)
	require.Equal(t, []string{observe("g3", 1, 1).SourceID}, s.groups["g3"].Sources)
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestNewestNameWins(t *testing.T) {
	old, young := sourceName{name: "B", at: 1}, sourceName{name: "C", at: 2}
	require.True(t, young.newer(old))
	require.False(t, old.newer(young))
	require.True(t, sourceName{name: "A", at: 1}.newer(old), "of one time the smaller text")
	require.False(t, old.newer(old))
	require.True(t, old.newer(sourceName{}))
	require.False(t, sourceName{}.newer(old))
	require.False(t, sourceName{at: 9}.newer(old))
	rapid.Check(t, func(t *rapid.T) {
		want := sourceName{name: rapid.String().Draw(t, "name"), at: pcommon.Timestamp(rapid.Uint64().Draw(t, "at")), verified: pcommon.Timestamp(rapid.Uint64().Draw(t, "verified"))}
		got, err := decodeName(want.encode())
		require.NoError(t, err)
		require.Equal(t, want, got)
		b := want.encode()
		_, err = decodeName(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")])
		require.Error(t, err)
	})
}

// A source with more groups than one part of a correction has, in a real directory, with
// the processor killed and the next consumer failing at any part.
func TestManyGroupsAreCorrectedAcrossCrashes(t *testing.T) {
	directory := t.TempDir()
	s := newSink()
	open := func() *correlator {
		return mustOpen(t, nil, s, func(c *Config) {
			c.State = configoptional.Some(StateConfig{Directory: directory, CacheSizeMiB: 1})
		})
	}
	all := make([]provisioning.Observation, 2500)
	for i := range all {
		all[i] = observe(fmt.Sprintf("g%d", i), provisioning.Status(1+i%6), pcommon.Timestamp(i), nameless)
	}
	f := open()
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(all)))
	teacher := observe("teacher", provisioning.StatusSuccess, 5)
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{teacher})))
	random := rand.New(rand.NewPCG(3, 4))
	s.refusing(func(int) (before, after bool) { n := random.IntN(3); return n == 0, n == 1 })
	crashes := 0
	for f.correct(context.Background()) != nil {
		kill(f)
		f = open()
		crashes++
	}
	require.Positive(t, crashes)
	s.refusing(nil)
	require.NoError(t, f.Shutdown(t.Context()))
	check(t, s, append(all, teacher))
}

// Nobody has to ask for corrections.
func TestCorrectionsAreDoneAtOnce(t *testing.T) {
	s := newSink()
	cfg := createDefaultConfig().(*Config)
	cfg.CheckInterval = 1 << 62
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))
	young, other := observe("young", provisioning.StatusPending, 1, nameless), observe("other", provisioning.StatusSuccess, 2)
	corrected := make(chan struct{})
	s.refusing(func(call int) (before, after bool) {
		if call == 2 {
			close(corrected)
		}
		return false, false
	})
	for _, o := range []provisioning.Observation{young, other} {
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{o})))
	}
	<-corrected
	require.NoError(t, f.Shutdown(t.Context()))
	check(t, s, []provisioning.Observation{young, other})
}

// Senders that learn and use one name side by side end with one name.
func TestNamesOfManySendersAtOnce(t *testing.T) {
	s := newSink()
	f := mustOpen(t, newDisk(t), s)
	var all []provisioning.Observation
	for i := range 400 {
		with := nameless
		if i%7 == 0 {
			with = named(fmt.Sprintf("name %d", i%5))
		}
		all = append(all, observe(fmt.Sprintf("g%d", i%60), provisioning.Status(1+i%6), pcommon.Timestamp(i), with))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	sent := make(chan error)
	for from := 0; from < len(all); from += 50 {
		go func() {
			var err error
			for i := from; i < from+50 && err == nil; i += 5 {
				err = f.ConsumeLogs(context.Background(), logsOf(all[i:i+5]))
			}
			sent <- err
		}()
	}
	for range len(all) / 50 {
		require.NoError(t, <-sent)
		require.NoError(t, f.correct(t.Context()))
	}
	require.NoError(t, f.Shutdown(t.Context()))
	check(t, s, all)
}
