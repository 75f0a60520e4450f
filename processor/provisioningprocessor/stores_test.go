package provisioningprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// A state directory keeps what it was given when a processor is not shut down, as far as
// one process can show.
func TestStateDirectory(t *testing.T) {
	directory := t.TempDir()
	s := newSink()
	open := func() *correlator {
		return mustOpen(t, nil, s, func(c *Config) {
			c.State = configoptional.Some(StateConfig{Directory: directory, CacheSizeMiB: 1})
		})
	}
	var all []provisioning.Observation
	for i := range 120 {
		reported := provisioning.Status(1 + i%6)
		group := []string{"g1", "g2", "g3", "g4"}[i%4]
		if i%5 == 0 {
			all = append(all, observe(group, reported, pcommon.Timestamp(i), coarse))
		} else {
			all = append(all, observe(group, reported, pcommon.Timestamp(i)))
		}
	}
	for from := 0; from < len(all); from += 20 {
		f := open()
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(all[from:from+10])))
		// The second batch is emitted, and the processor dies before it is acknowledged.
		s.refusing(func(int) (before, after bool) { return false, true })
		require.ErrorIs(t, f.ConsumeLogs(t.Context(), logsOf(all[from+10:from+20])), errRefused)
		s.refusing(nil)
		kill(f)

		f = open()
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(all[from:from+20])))
		require.NoError(t, f.Shutdown(t.Context()))
	}
	check(t, s, all)
}

func TestTwoProcessorsDoNotShareADirectory(t *testing.T) {
	directory := t.TempDir()
	own := func(c *Config) { c.State = configoptional.Some(StateConfig{Directory: directory, CacheSizeMiB: 1}) }
	f := mustOpen(t, nil, newSink(), own)
	_, err := open(t, nil, newSink(), own)
	require.ErrorContains(t, err, "another processor, in this process or in another, has it open")
	require.NoError(t, f.Shutdown(t.Context()))
}
