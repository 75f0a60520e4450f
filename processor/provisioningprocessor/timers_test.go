package provisioningprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func live(c *Config) { c.CheckInterval = 10 * time.Second }

// justNow is an observation of this moment of the bubble's clock.
func justNow(group string, reported provisioning.Status, change ...func(*provisioning.Observation)) provisioning.Observation {
	return observe(group, reported, 0, append(change, func(o *provisioning.Observation) {
		o.OccurredAt = pcommon.NewTimestampFromTime(time.Now())
		o.ObservedAt = o.OccurredAt
	})...)
}

func row(t *testing.T, s *sink) record.Record {
	t.Helper()
	rows := s.standing()
	require.Len(t, rows, 1)
	for _, r := range rows {
		return r
	}
	return record.Record{}
}

func TestStalledAndRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		f := mustOpen(t, newDisk(t), s, live)
		pending := justNow("g1", provisioning.StatusPending)
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{pending})))
		time.Sleep(4*time.Hour - time.Minute)
		synctest.Wait()
		require.False(t, row(t, s).Stalled)

		time.Sleep(3 * time.Minute)
		synctest.Wait()
		r := row(t, s)
		require.True(t, r.Stalled)
		require.Equal(t, record.TypeState, r.RecordType)
		require.Equal(t, record.Version(1, true), r.Version)
		require.Len(t, s.states, 1)
		require.EqualValues(t, 1, (*f.totals.Load())["Active Directory"].stalled)

		again := justNow("g1", provisioning.StatusPending)
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{again})))
		require.True(t, row(t, s).Stalled, "still Pending since the first observation")

		done := justNow("g1", provisioning.StatusSuccess, func(o *provisioning.Observation) { o.OccurredAt += second })
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{done})))
		r = row(t, s)
		require.False(t, r.Stalled)
		require.Equal(t, provisioning.StatusSuccess, r.Status)
		require.Empty(t, *f.totals.Load())
		require.NoError(t, f.Shutdown(t.Context()))
		check(t, s, []provisioning.Observation{pending, again, done})
	})
}

func TestOverdueAfterARestartWhileNobodyLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, disk := newSink(), newDisk(t)
		f := mustOpen(t, disk, s, live)
		committed := justNow("g1", provisioning.StatusCommitted)
		verified := justNow("verified", provisioning.StatusSuccess)
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{committed, verified})))
		row := func() (found record.Record) {
			for _, r := range s.standing() {
				if r.GroupID == "g1" {
					found = r
				}
			}
			return found
		}
		kill(f)
		time.Sleep(48 * time.Hour)
		require.False(t, row().Overdue)

		f = mustOpen(t, disk, s, live)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.False(t, row().Overdue, "two days may have passed, or the clock is wrong")
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{justNow("live", provisioning.StatusSuccess)})))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		r := row()
		require.True(t, r.Overdue)
		require.False(t, r.Stalled)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Len(t, s.states, 1, "emitted once")
		require.NoError(t, f.Shutdown(t.Context()))
	})
}

func TestTimersTryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, disk := newSink(), newDisk(t)
		f := mustOpen(t, disk, s, live)
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{justNow("g1", provisioning.StatusRetrying)})))
		s.refusing(func(int) (before, after bool) { return true, false })
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		require.Empty(t, s.states)
		s.refusing(nil)
		disk.Fail(func(_ int, write bool) (before, after error) {
			if write {
				return errCrash, nil
			}
			return nil, nil
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		disk.Fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.True(t, row(t, s).Stalled)
		emitted := len(s.states)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, s.states, emitted, "not emitted again once it is stored")
		require.NoError(t, f.Shutdown(t.Context()))
	})
}

func TestThresholdsOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		minute, never := time.Minute, time.Duration(0)
		f := mustOpen(t, nil, s, live, func(c *Config) {
			c.Sources = []SourceConfig{{Source: "active directory", StalledAfter: &minute}, {Source: "SAP", StalledAfter: &never}}
		})
		sap := func(o *provisioning.Observation) { o.SourceID, o.SourceName = "SAP", "" }
		batch := []provisioning.Observation{justNow("g1", provisioning.StatusPending), justNow("g2", provisioning.StatusPending, sap)}
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		require.Len(t, s.states, 1)
		require.Equal(t, "g1", s.states[0].GroupID)
		require.NoError(t, f.Shutdown(t.Context()))
	})
}

func TestRetentionForgetsAndOpenGroupsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, disk := newSink(), newDisk(t)
		f := mustOpen(t, disk, s, live, func(c *Config) { c.Retention, c.OpenRetention = 24*time.Hour, 48*time.Hour })
		batch := []provisioning.Observation{justNow("done", provisioning.StatusSuccess), justNow("open", provisioning.StatusPending)}
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
		stored := func() int {
			return disk.Has(store.Groups, history.GroupKey("acme", "done"), history.GroupKey("acme", "open"))
		}
		time.Sleep(23 * time.Hour)
		synctest.Wait()
		require.Equal(t, 2, stored())
		calls := s.calls
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
		require.Equal(t, calls, s.calls, "known as long as it is kept")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, 1, stored())
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Zero(t, stored())
		require.Empty(t, *f.totals.Load())
		due, err := disk.Due(t.Context(), 1<<40)
		require.NoError(t, err)
		require.Nil(t, due, "timers that fired are gone")
		require.NoError(t, f.Shutdown(t.Context()))
	})
}

// A change that stays Committed is overdue only where an aggregation verifies changes:
// not on a source that has verified nothing, and never for a password.
func TestOverdueOnlyWhereChangesAreVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSink()
		c := mustOpen(t, nil, s, live)
		password := func(o *provisioning.Observation) {
			o.AttributeName, o.AttributeValue, o.Operation = "password", "[redacted]", provisioning.OperationChangePassword
		}
		other := func(o *provisioning.Observation) { o.SourceID, o.SourceName = "", "Badge System" }
		batch := []provisioning.Observation{
			justNow("here", provisioning.StatusCommitted), justNow("password", provisioning.StatusCommitted, password),
			justNow("elsewhere", provisioning.StatusCommitted, other),
		}
		require.NoError(t, c.ConsumeLogs(t.Context(), logsOf(batch)))
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		require.Empty(t, s.states, "nothing was verified yet")
		require.NoError(t, c.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{justNow("verified", provisioning.StatusSuccess)})))
		time.Sleep(49 * time.Hour)
		synctest.Wait()
		require.Len(t, s.states, 1)
		require.Equal(t, "here", s.states[0].GroupID)
		require.True(t, s.states[0].Overdue)
		require.NoError(t, c.Shutdown(t.Context()))
	})
}
